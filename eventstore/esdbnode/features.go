package esdbnode

import (
	"context"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
)

// serverVersion is the EventStoreDB version whose behaviour the node shows. Clients parse it as plain numbers and derive
// from it what they may ask for.
const serverVersion = "24.10.0"

const (
	streamsServiceName    = "event_store.client.streams.streams"
	persistentServiceName = "event_store.client.persistent_subscriptions.persistentsubscriptions"
)

// featuresService tells clients, on every new connection, what the node can do.
type featuresService struct {
	serverfeatures.UnimplementedServerFeaturesServer
}

// GetSupportedMethods lists what is served and nothing else: a client that finds a method here uses it.
func (s *featuresService) GetSupportedMethods(context.Context, *shared.Empty) (*serverfeatures.SupportedMethods, error) {
	methods := supported(streamsServiceName, "append", "delete", "tombstone")
	methods = append(methods, supportedWith(streamsServiceName, "read", "position", "events"))
	methods = append(methods, supportedWith(streamsServiceName, "batchappend", "deadline_duration"))
	for _, name := range []string{"create", "update", "delete", "read", "getinfo", "replayparked", "list", "restartsubsystem"} {
		methods = append(methods, supportedWith(persistentServiceName, name, "stream", "all"))
	}
	methods = append(methods, supported(strings.ToLower(usersServiceName),
		"create", "update", "delete", "disable", "enable", "details", "changepassword", "resetpassword")...)
	methods = append(methods, supported(strings.ToLower(operationsServiceName),
		"shutdown", "startscavenge", "stopscavenge", "mergeindexes", "setnodepriority", "resignnode", "restartpersistentsubscriptions")...)
	methods = append(methods, supported(strings.ToLower(monitoringServiceName), "stats")...)
	return &serverfeatures.SupportedMethods{EventStoreServerVersion: serverVersion, Methods: methods}, nil
}

func supported(service string, names ...string) []*serverfeatures.SupportedMethod {
	var methods []*serverfeatures.SupportedMethod
	for _, name := range names {
		methods = append(methods, supportedWith(service, name))
	}
	return methods
}

func supportedWith(service, name string, features ...string) *serverfeatures.SupportedMethod {
	return &serverfeatures.SupportedMethod{ServiceName: service, MethodName: name, Features: features}
}

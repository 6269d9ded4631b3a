package esdbnode

import (
	"context"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
)

// serverVersion is the EventStoreDB version whose behaviour the node shows. Clients parse it as plain numbers and derive
// from it what they may ask for.
const serverVersion = "24.10.0"

const streamsServiceName = "event_store.client.streams.streams"

// featuresService tells clients, on every new connection, what the node can do.
type featuresService struct {
	serverfeatures.UnimplementedServerFeaturesServer
}

// GetSupportedMethods lists what is served and nothing else: a client that finds a method here uses it.
func (s *featuresService) GetSupportedMethods(context.Context, *shared.Empty) (*serverfeatures.SupportedMethods, error) {
	method := func(name string, features ...string) *serverfeatures.SupportedMethod {
		return &serverfeatures.SupportedMethod{ServiceName: streamsServiceName, MethodName: name, Features: features}
	}
	return &serverfeatures.SupportedMethods{
		EventStoreServerVersion: serverVersion,
		Methods: []*serverfeatures.SupportedMethod{
			method("read", "position", "events"),
			method("append"),
			method("delete"),
			method("tombstone"),
			method("batchappend", "deadline_duration"),
		},
	}, nil
}

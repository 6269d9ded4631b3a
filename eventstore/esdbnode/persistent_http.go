package esdbnode

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Groups over HTTP: how clients of before 21.10 ask about them, and newer ones whose server offers nothing else. Making,
// changing and reading groups was always gRPC's.
func (n *Node) webGroups(routes *http.ServeMux) {
	routes.Handle("GET /subscriptions", n.operated(func(w http.ResponseWriter, _ *http.Request) error {
		return n.giveGroups(w, n.groups.all())
	}))
	routes.Handle("GET /subscriptions/{stream}", n.operated(func(w http.ResponseWriter, r *http.Request) error {
		list := n.groups.of(r.PathValue("stream"))
		if len(list) == 0 {
			return groupMissing(r.PathValue("stream"), "")
		}
		return n.giveGroups(w, list)
	}))
	routes.Handle("GET /subscriptions/{stream}/{group}/info", n.operated(n.giveGroup))
	routes.Handle("POST /subscriptions/{stream}/{group}/replayParked", n.operated(n.replayGroup))
	routes.Handle("POST /subscriptions/restart", n.operated(func(w http.ResponseWriter, _ *http.Request) error {
		n.groups.restart()
		return giveJSON(w, struct{}{})
	}))
}

// operated serves those who run the node, and tells errors by their codes.
func (n *Node) operated(serve func(http.ResponseWriter, *http.Request) error) http.Handler {
	return n.identified(forKnown, func(w http.ResponseWriter, r *http.Request) {
		err := n.operates(r)
		if err == nil {
			err = serve(w, r)
		}
		if err != nil {
			http.Error(w, err.Error(), webCode(err))
		}
	})
}

// operates refuses requests of callers who do not run the node.
func (n *Node) operates(r *http.Request) error {
	if n.guard == nil {
		return nil
	}
	caller, err := n.guard.identifyRequest(r)
	if err == nil && !caller.operator() {
		err = operationDenied()
	}
	return err
}

// webCode is the HTTP code that stands for an error of gRPC.
func webCode(err error) int {
	switch status.Code(err) {
	case codes.NotFound:
		return http.StatusNotFound
	case codes.InvalidArgument:
		return http.StatusBadRequest
	case codes.PermissionDenied, codes.Unauthenticated:
		return http.StatusUnauthorized
	}
	return http.StatusInternalServerError
}

func giveJSON(w http.ResponseWriter, content any) error {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	// When the client is gone there is nobody to tell.
	_ = json.NewEncoder(w).Encode(content)
	return nil
}

func (n *Node) giveGroups(w http.ResponseWriter, list []*group) error {
	described := []webGroup{}
	for _, g := range list {
		info, err := g.info()
		if err != nil {
			return err
		}
		described = append(described, newWebGroup(info))
	}
	return giveJSON(w, described)
}

func (n *Node) giveGroup(w http.ResponseWriter, r *http.Request) error {
	g, err := n.groups.find(r.PathValue("stream"), r.PathValue("group"))
	if err != nil {
		return err
	}
	info, err := g.info()
	if err != nil {
		return err
	}
	return giveJSON(w, newWebGroup(info))
}

func (n *Node) replayGroup(w http.ResponseWriter, r *http.Request) error {
	limit := r.URL.Query().Get("stopAt")
	most := int64(0)
	if limit != "" {
		var err error
		if most, err = strconv.ParseInt(limit, 10, 64); err != nil || most < 0 {
			return invalid("stopAt has to be a number that is not negative")
		}
	}
	g, err := n.groups.find(r.PathValue("stream"), r.PathValue("group"))
	if err != nil {
		return err
	}
	if err := g.replay(most, limit != ""); err != nil {
		return err
	}
	return giveJSON(w, struct{}{})
}

// webGroup is a group in EventStoreDB's JSON.
type webGroup struct {
	Config                        webGroupConfig  `json:"config"`
	EventStreamID                 string          `json:"eventStreamId"`
	GroupName                     string          `json:"groupName"`
	Status                        string          `json:"status"`
	AverageItemsPerSecond         int32           `json:"averageItemsPerSecond"`
	TotalItemsProcessed           int64           `json:"totalItemsProcessed"`
	CountSinceLastMeasurement     int64           `json:"countSinceLastMeasurement"`
	LastProcessedEventNumber      int64           `json:"lastProcessedEventNumber"`
	LastCheckpointedEventPosition string          `json:"lastCheckpointedEventPosition,omitempty"`
	LastKnownEventNumber          int64           `json:"lastKnownEventNumber"`
	LastKnownEventPosition        string          `json:"lastKnownEventPosition,omitempty"`
	ReadBufferCount               int32           `json:"readBufferCount"`
	LiveBufferCount               int64           `json:"liveBufferCount"`
	RetryBufferCount              int32           `json:"retryBufferCount"`
	TotalInFlightMessages         int32           `json:"totalInFlightMessages"`
	OutstandingMessagesCount      int32           `json:"outstandingMessagesCount"`
	ParkedMessageCount            int64           `json:"parkedMessageCount"`
	ConnectionCount               int             `json:"connectionCount"`
	Connections                   []webConnection `json:"connections"`
}

type webGroupConfig struct {
	ResolveLinkTos              bool   `json:"resolveLinktos"`
	StartFrom                   int64  `json:"startFrom"`
	StartPosition               string `json:"startPosition"`
	MessageTimeoutMilliseconds  int32  `json:"messageTimeoutMilliseconds"`
	ExtraStatistics             bool   `json:"extraStatistics"`
	MaxRetryCount               int32  `json:"maxRetryCount"`
	LiveBufferSize              int32  `json:"liveBufferSize"`
	BufferSize                  int32  `json:"bufferSize"`
	ReadBatchSize               int32  `json:"readBatchSize"`
	PreferRoundRobin            bool   `json:"preferRoundRobin"`
	CheckPointAfterMilliseconds int32  `json:"checkPointAfterMilliseconds"`
	MinCheckPointCount          int32  `json:"minCheckPointCount"`
	MaxCheckPointCount          int32  `json:"maxCheckPointCount"`
	MaxSubscriberCount          int32  `json:"maxSubscriberCount"`
	NamedConsumerStrategy       string `json:"namedConsumerStrategy"`
}

type webConnection struct {
	From                      string           `json:"from"`
	Username                  string           `json:"username"`
	AverageItemsPerSecond     int32            `json:"averageItemsPerSecond"`
	TotalItemsProcessed       int64            `json:"totalItemsProcessed"`
	CountSinceLastMeasurement int64            `json:"countSinceLastMeasurement"`
	ExtraStatistics           []webMeasurement `json:"extraStatistics"`
	AvailableSlots            int32            `json:"availableSlots"`
	InFlightMessages          int32            `json:"inFlightMessages"`
	ConnectionName            string           `json:"connectionName"`
}

type webMeasurement struct {
	Key   string `json:"key"`
	Value int64  `json:"value"`
}

func newWebGroup(info *persistent.SubscriptionInfo) webGroup {
	g := webGroup{
		Config:                        newWebGroupConfig(info),
		EventStreamID:                 info.GetEventSource(),
		GroupName:                     info.GetGroupName(),
		Status:                        info.GetStatus(),
		AverageItemsPerSecond:         info.GetAveragePerSecond(),
		TotalItemsProcessed:           info.GetTotalItems(),
		CountSinceLastMeasurement:     info.GetCountSinceLastMeasurement(),
		LastProcessedEventNumber:      numberIn(info.GetLastCheckpointedEventPosition()),
		LastCheckpointedEventPosition: info.GetLastCheckpointedEventPosition(),
		LastKnownEventNumber:          numberIn(info.GetLastKnownEventPosition()),
		LastKnownEventPosition:        info.GetLastKnownEventPosition(),
		ReadBufferCount:               info.GetReadBufferCount(),
		LiveBufferCount:               info.GetLiveBufferCount(),
		RetryBufferCount:              info.GetRetryBufferCount(),
		TotalInFlightMessages:         info.GetTotalInFlightMessages(),
		OutstandingMessagesCount:      info.GetOutstandingMessagesCount(),
		ParkedMessageCount:            info.GetParkedMessageCount(),
		ConnectionCount:               len(info.GetConnections()),
		Connections:                   []webConnection{},
	}
	for _, c := range info.GetConnections() {
		g.Connections = append(g.Connections, newWebConnection(c))
	}
	return g
}

func newWebGroupConfig(info *persistent.SubscriptionInfo) webGroupConfig {
	return webGroupConfig{
		ResolveLinkTos:              info.GetResolveLinkTos(),
		StartFrom:                   numberIn(info.GetStartFrom()),
		StartPosition:               info.GetStartFrom(),
		MessageTimeoutMilliseconds:  info.GetMessageTimeoutMilliseconds(),
		ExtraStatistics:             info.GetExtraStatistics(),
		MaxRetryCount:               info.GetMaxRetryCount(),
		LiveBufferSize:              info.GetLiveBufferSize(),
		BufferSize:                  info.GetBufferSize(),
		ReadBatchSize:               info.GetReadBatchSize(),
		PreferRoundRobin:            info.GetNamedConsumerStrategy() == strategyRoundRobin,
		CheckPointAfterMilliseconds: info.GetCheckPointAfterMilliseconds(),
		MinCheckPointCount:          info.GetMinCheckPointCount(),
		MaxCheckPointCount:          info.GetMaxCheckPointCount(),
		MaxSubscriberCount:          info.GetMaxSubscriberCount(),
		NamedConsumerStrategy:       info.GetNamedConsumerStrategy(),
	}
}

func newWebConnection(c *persistent.SubscriptionInfo_ConnectionInfo) webConnection {
	w := webConnection{
		From: c.GetFrom(), Username: c.GetUsername(), ConnectionName: c.GetConnectionName(),
		AverageItemsPerSecond: c.GetAverageItemsPerSecond(), TotalItemsProcessed: c.GetTotalItems(),
		CountSinceLastMeasurement: c.GetCountSinceLastMeasurement(), ExtraStatistics: []webMeasurement{},
		AvailableSlots: c.GetAvailableSlots(), InFlightMessages: c.GetInFlightMessages(),
	}
	for _, m := range c.GetObservedMeasurements() {
		w.ExtraStatistics = append(w.ExtraStatistics, webMeasurement{m.GetKey(), m.GetValue()})
	}
	return w
}

// numberIn is a place as a number, 0 when it is none: of $all, or not known.
func numberIn(place string) int64 {
	number, err := strconv.ParseInt(place, 10, 64)
	if err != nil {
		return 0
	}
	return number
}

package esdbnode

import (
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// wireSettings is what requests to create and to update have in common.
type wireSettings interface {
	GetResolveLinks() bool
	GetExtraStatistics() bool
	GetMaxRetryCount() int32
	GetMinCheckpointCount() int32
	GetMaxCheckpointCount() int32
	GetMaxSubscriberCount() int32
	GetLiveBufferSize() int32
	GetReadBatchSize() int32
	GetHistoryBufferSize() int32
	GetMessageTimeoutMs() int32
	GetMessageTimeoutTicks() int64
	GetCheckpointAfterMs() int32
	GetCheckpointAfterTicks() int64
}

// ticksPerMillisecond converts the times of old clients.
const ticksPerMillisecond = ticksPerSecond / 1000

// take copies the settings. Of the two forms of a time only one can be set; the other reads as 0.
func (s *groupSettings) take(w wireSettings) {
	s.ResolveLinks = w.GetResolveLinks()
	s.ExtraStatistics = w.GetExtraStatistics()
	s.MaxRetryCount = w.GetMaxRetryCount()
	s.MinCheckpointCount = w.GetMinCheckpointCount()
	s.MaxCheckpointCount = w.GetMaxCheckpointCount()
	s.MaxSubscriberCount = w.GetMaxSubscriberCount()
	s.LiveBufferSize = w.GetLiveBufferSize()
	s.ReadBatchSize = w.GetReadBatchSize()
	s.HistoryBufferSize = w.GetHistoryBufferSize()
	s.MessageTimeout = w.GetMessageTimeoutMs() + int32(w.GetMessageTimeoutTicks()/ticksPerMillisecond)
	s.CheckpointAfter = w.GetCheckpointAfterMs() + int32(w.GetCheckpointAfterTicks()/ticksPerMillisecond)
}

// createSettings reads a request to create, in the present form and in that of old clients, which knew streams only.
func createSettings(o *persistent.CreateReq_Options) (groupSettings, error) {
	s := groupSettings{Group: o.GetGroupName(), Strategy: o.GetSettings().GetConsumerStrategy()}
	if s.Strategy == "" {
		s.Strategy = o.GetSettings().GetNamedConsumerStrategy().String()
	}
	s.take(o.GetSettings())
	switch source := o.GetStreamOption().(type) {
	case *persistent.CreateReq_Options_All:
		s.Stream = allName
		s.startAt(placeOf(source.All.GetPosition().GetCommitPosition(), source.All.GetEnd()))
		filter, err := createFilter(source.All)
		s.Filter = filter
		return s, err
	case *persistent.CreateReq_Options_Stream:
		s.Stream = string(source.Stream.GetStreamIdentifier().GetStreamName())
		s.startAt(placeOf(source.Stream.GetRevision(), source.Stream.GetEnd()))
	default:
		s.Stream = string(o.GetStreamIdentifier().GetStreamName())
		s.startAt(placeOf(o.GetSettings().GetRevision(), nil))
	}
	return s, refuseAllAsStream(s)
}

// updateSettings reads a request to update, which cannot change the filter.
func updateSettings(o *persistent.UpdateReq_Options) (groupSettings, error) {
	s := groupSettings{Group: o.GetGroupName(), Strategy: o.GetSettings().GetNamedConsumerStrategy().String()}
	s.take(o.GetSettings())
	switch source := o.GetStreamOption().(type) {
	case *persistent.UpdateReq_Options_All:
		s.Stream = allName
		s.startAt(placeOf(source.All.GetPosition().GetCommitPosition(), source.All.GetEnd()))
		return s, nil
	case *persistent.UpdateReq_Options_Stream:
		s.Stream = string(source.Stream.GetStreamIdentifier().GetStreamName())
		s.startAt(placeOf(source.Stream.GetRevision(), source.Stream.GetEnd()))
	default:
		s.Stream = string(o.GetStreamIdentifier().GetStreamName())
		s.startAt(placeOf(o.GetSettings().GetRevision(), nil))
	}
	return s, refuseAllAsStream(s)
}

// placeOf is where a group starts. Old clients say "end" with the highest number, which is livePlace too.
func placeOf(value uint64, end *shared.Empty) int64 {
	if end != nil {
		return livePlace
	}
	return int64(value)
}

func refuseAllAsStream(s groupSettings) error {
	if s.onAll() {
		return groupFailed(s.Stream, s.Group, "Persistent subscriptions to $all are only supported over gRPC through gRPC clients")
	}
	return nil
}

// Words of stored filters.
const (
	filterStreamID  = "streamid"
	filterEventType = "eventtype"
	filterRegex     = "regex"
	filterPrefix    = "prefix"
)

// storedFilter is a filter as EventStoreDB stores it, its prefixes joined by commas. Prefixes is ours: with it a prefix
// may hold a comma.
type storedFilter struct {
	Context     string   `json:"context"`
	Type        string   `json:"type"`
	Data        string   `json:"data"`
	IsAllStream bool     `json:"isAllStream"`
	Prefixes    []string `json:"prefixes,omitempty"`
}

// createFilter takes the filter of a group to $all, nil when the group wants everything.
func createFilter(o *persistent.CreateReq_AllOptions) (*storedFilter, error) {
	given := o.GetFilter()
	if given == nil {
		return nil, nil
	}
	f := &storedFilter{IsAllStream: true, Context: filterStreamID}
	expression := given.GetStreamIdentifier()
	if by := given.GetEventType(); by != nil {
		f.Context, expression = filterEventType, by
	}
	f.Type, f.Prefixes = filterPrefix, expression.GetPrefix()
	f.Data = strings.Join(f.Prefixes, ",")
	if expression.GetRegex() != "" {
		f.Type, f.Data, f.Prefixes = filterRegex, expression.GetRegex(), nil
	}
	_, err := f.compile()
	return f, err
}

// compile makes the filter that reads use too, so that both choose alike.
func (f *storedFilter) compile() (*filter, error) {
	if f == nil {
		return nil, nil
	}
	expression := &streams.ReadReq_Options_FilterOptions_Expression{Prefix: f.Prefixes}
	switch {
	case f.Type == filterRegex:
		expression.Regex = f.Data
	case len(f.Prefixes) == 0:
		expression.Prefix = strings.Split(f.Data, ",")
	}
	o := &streams.ReadReq_Options_FilterOptions{
		Filter:                       &streams.ReadReq_Options_FilterOptions_StreamIdentifier{StreamIdentifier: expression},
		CheckpointIntervalMultiplier: 1,
	}
	if f.Context == filterEventType {
		o.Filter = &streams.ReadReq_Options_FilterOptions_EventType{EventType: expression}
	}
	return newFilter(o, "")
}

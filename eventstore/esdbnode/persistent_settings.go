package esdbnode

import (
	"fmt"
	"slices"
	"time"
)

// Names of the consumer strategies, as they are stored and told.
const (
	strategySingle      = "DispatchToSingle"
	strategyRoundRobin  = "RoundRobin"
	strategyPinned      = "Pinned"
	strategyCorrelation = "PinnedByCorrelation"
)

// livePlace is the start "after what is there now", in streams as a revision, in $all as a position.
const livePlace = -1

// groupNameLimit bounds the name of a group, which becomes part of the names of its own streams.
const groupNameLimit = 1 << 10

// groupSettings are what a client says about a group, in the form in which EventStoreDB stores it.
type groupSettings struct {
	Stream             string        `json:"stream"`
	Group              string        `json:"group"`
	Filter             *storedFilter `json:"filter,omitempty"`
	ResolveLinks       bool          `json:"resolveLinkTos,omitempty"`
	ExtraStatistics    bool          `json:"extraStatistics,omitempty"`
	MessageTimeout     int32         `json:"messageTimeout,omitempty"`
	StartFrom          int64         `json:"startFrom,omitempty"`
	StartPosition      string        `json:"startPosition"`
	LiveBufferSize     int32         `json:"liveBufferSize,omitempty"`
	HistoryBufferSize  int32         `json:"historyBufferSize,omitempty"`
	MaxRetryCount      int32         `json:"maxRetryCount,omitempty"`
	ReadBatchSize      int32         `json:"readBatchSize,omitempty"`
	CheckpointAfter    int32         `json:"checkPointAfter,omitempty"`
	MinCheckpointCount int32         `json:"minCheckPointCount,omitempty"`
	MaxCheckpointCount int32         `json:"maxCheckPointCount,omitempty"`
	MaxSubscriberCount int32         `json:"maxSubscriberCount,omitempty"`
	Strategy           string        `json:"namedConsumerStrategy"`
	// LivePlace is the place of the first event that a group which starts live has to deliver. EventStoreDB keeps no such
	// thing and forgets, in a restart before the first checkpoint, what came since the group was made.
	LivePlace uint64 `json:"livePlace,omitempty"`
}

// onAll tells whether the group reads $all.
func (s groupSettings) onAll() bool { return s.Stream == allName }

// key is EventStoreDB's name of the group; it is the subscription id that readers get.
func (s groupSettings) key() string { return s.Stream + "::" + s.Group }

func (s groupSettings) checkpointStream() string {
	return "$persistentsubscription-" + s.key() + "-checkpoint"
}

func (s groupSettings) parkedStream() string {
	return "$persistentsubscription-" + s.key() + "-parked"
}

// timeout is how long a reader may keep a message, 0 for ever.
func (s groupSettings) timeout() time.Duration {
	return time.Duration(s.MessageTimeout) * time.Millisecond
}

// checkpointAfter is the least time between two checkpoints that are due by time, 0 when none is.
func (s groupSettings) checkpointAfter() time.Duration {
	return time.Duration(s.CheckpointAfter) * time.Millisecond
}

// check refuses what no group can be, in EventStoreDB's words where it has some.
func (s groupSettings) check() error {
	strategies := []string{strategySingle, strategyRoundRobin, strategyPinned, strategyCorrelation}
	switch {
	case s.Stream == "" || len(s.Stream) > nameLimit:
		return groupFailed(s.Stream, s.Group, "Bad stream name.")
	case s.Group == "" || len(s.Group) > groupNameLimit:
		return groupFailed(s.Stream, s.Group, "Bad group name.")
	case !slices.Contains(strategies, s.Strategy):
		return groupFailed(s.Stream, s.Group, "Consumer strategy "+s.Strategy+" does not exist.")
	case s.ReadBatchSize >= s.HistoryBufferSize:
		return groupFailed(s.Stream, s.Group, "ReadBatchSize may not be greater than or equal to BufferSize")
	case !s.onAll() && s.StartFrom < livePlace:
		return groupFailed(s.Stream, s.Group, "Invalid Start From position: event number must be greater than or equal to -1.")
	case min(s.ReadBatchSize, s.LiveBufferSize, s.MaxRetryCount, s.MinCheckpointCount, s.MaxCheckpointCount,
		s.MaxSubscriberCount, s.MessageTimeout, s.CheckpointAfter) < 0:
		return groupFailed(s.Stream, s.Group, "A setting is negative.")
	}
	return nil
}

// startAt sets the place of the first event; it is inclusive.
func (s *groupSettings) startAt(place int64) {
	s.StartPosition = fmt.Sprint(place)
	s.StartFrom = place
	if s.onAll() {
		s.StartPosition = fmt.Sprintf("C:%d/P:%d", place, place)
		s.StartFrom = 0
	}
}

// startsLive tells whether the group began with what came after it was made.
func (s groupSettings) startsLive() bool {
	place, err := s.parsePlace(s.StartPosition)
	return err == nil && place == livePlace
}

// parsePlace reads a stored place: a revision, or a position of $all.
func (s groupSettings) parsePlace(text string) (place int64, err error) {
	if !s.onAll() {
		_, err = fmt.Sscanf(text, "%d", &place)
		return place, err
	}
	var prepare int64
	_, err = fmt.Sscanf(text, "C:%d/P:%d", &place, &prepare)
	return place, err
}

// formatPlace is the other way around.
func (s groupSettings) formatPlace(place uint64) string {
	if s.onAll() {
		return fmt.Sprintf("C:%d/P:%d", place, place)
	}
	return fmt.Sprint(place)
}

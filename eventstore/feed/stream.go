package feed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/partnerledger/partnerledger/eventstore"
)

// DefaultStream is the name of the feed's stream.
const DefaultStream = "LEDGER"

// maxStrays is how many messages that aren't events the relay passes over at the end of the stream; more
// means that the stream isn't the feed.
const maxStrays = 256

// ErrForeignFeed says that the stream holds the events of another log, or of this log before it was
// restored to an earlier state. Whoever knows that nobody needs the stream deletes it; the relay then makes
// it again.
var ErrForeignFeed = errors.New("the feed's stream belongs to another log; delete the stream to have it made again")

// streamConfig keeps everything for ever, on disk. Deleting and purging stay allowed: the relay and the
// sources heal what is missing, and deleting the stream is the way out of ErrForeignFeed. Reads go to the
// stream's leader, because a replica may answer with an older tail.
func streamConfig(name string, replicas int, duplicates time.Duration, maxMessage int64) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:        name,
		Description: "Partner Ledger: every event in log order. A copy, made again from the log at any time.",
		Subjects:    []string{Subjects},
		Retention:   jetstream.LimitsPolicy,
		Storage:     jetstream.FileStorage,
		Replicas:    replicas,
		Duplicates:  duplicates,
		MaxMsgSize:  int32(min(maxMessage, 1<<30)),
		Discard:     jetstream.DiscardNew,
	}
}

// stored is an event where it stands in the stream.
type stored struct {
	Message
	sequence uint64 // JetStream's, worth nothing beyond the next request
	relay    string // the run of the relay that published it
}

// tail is the end of the stream.
type tail struct {
	sequence uint64            // JetStream's last sequence, whether or not it still holds that message
	last     stored            // the last event, if there is one
	cursor   eventstore.Cursor // after the last event, or Start
	first    uint64            // JetStream's first sequence
	consumer jetstream.Stream  // to read on
}

// readTail asks for the last sequence before the last message: what comes between is then refused by the
// fence. The other way around it would be published twice.
func readTail(ctx context.Context, js jetstream.JetStream, name string) (tail, error) {
	s, err := js.Stream(ctx, name)
	if err != nil {
		return tail{}, fmt.Errorf("stream %s: %w", name, err)
	}
	state := s.CachedInfo().State
	t := tail{sequence: state.LastSeq, first: state.FirstSeq, cursor: eventstore.Start, consumer: s}
	raw, err := s.GetLastMsgForSubject(ctx, Subjects)
	for strays := 0; err == nil && strays < maxStrays; strays++ {
		if t.last, err = parseStored(raw); err == nil {
			t.cursor = t.last.Event.After()
			return t, nil
		}
		raw, err = messageBefore(ctx, s, raw.Sequence, state.FirstSeq)
	}
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return t, nil
	case err != nil:
		return tail{}, fmt.Errorf("last message of stream %s: %w", name, err)
	}
	return tail{}, fmt.Errorf("%w: its last %d messages are no events", ErrForeignFeed, maxStrays)
}

// messageBefore passes over deleted messages.
func messageBefore(ctx context.Context, s jetstream.Stream, sequence, first uint64) (*jetstream.RawStreamMsg, error) {
	for gap := 0; sequence > first && gap < maxStrays; gap++ {
		sequence--
		raw, err := s.GetMsg(ctx, sequence)
		if !errors.Is(err, jetstream.ErrMsgNotFound) {
			return raw, err
		}
	}
	return nil, jetstream.ErrMsgNotFound
}

func parseStored(raw *jetstream.RawStreamMsg) (stored, error) {
	m, err := Parse(raw.Header, raw.Data)
	if err != nil {
		return stored{}, err
	}
	return stored{Message: m, sequence: raw.Sequence, relay: raw.Header.Get(headerRelay)}, nil
}

// at finds the event at JetStream's sequence or the first one after it; false means that there is none.
func at(ctx context.Context, s jetstream.Stream, sequence uint64) (stored, bool, error) {
	for range maxStrays {
		raw, err := s.GetMsg(ctx, sequence, jetstream.WithGetMsgSubject(Subjects))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return stored{}, false, nil
		}
		if err != nil {
			return stored{}, false, fmt.Errorf("message %d of the feed: %w", sequence, err)
		}
		if found, err := parseStored(raw); err == nil {
			return found, true, nil
		}
		sequence = raw.Sequence + 1
	}
	return stored{}, false, fmt.Errorf("%w: %d messages from sequence %d on are no events", ErrForeignFeed, maxStrays, sequence)
}

// firstAfter finds the first event after the position by bisection, for positions grow along the stream.
// False means that there is none.
func firstAfter(ctx context.Context, t tail, position eventstore.Position) (stored, bool, error) {
	var found stored
	var any bool
	for low, high := t.first, t.sequence+1; low < high; {
		middle := low + (high-low)/2
		m, ok, err := at(ctx, t.consumer, middle)
		if err != nil {
			return stored{}, false, err
		}
		switch {
		case !ok || m.sequence >= high:
			high = middle
		case m.Event.Position > position:
			found, any, high = m, true, middle
		default:
			low = m.sequence + 1
		}
	}
	return found, any, nil
}

// inLog tells whether the log holds this very event at this very place.
func inLog(ctx context.Context, log eventstore.Store, e eventstore.Recorded) (bool, error) {
	r, ok, err := reread(ctx, log, e)
	return ok && r.ID == e.ID && r.Position == e.Position, err
}

// reread gives the event that stands in the log at the place of this one. It goes by stream and revision:
// reading the log of all events from a position on means to know that position already.
func reread(ctx context.Context, log eventstore.Store, e eventstore.Recorded) (eventstore.Recorded, bool, error) {
	for r, err := range log.ReadStream(ctx, e.Stream, e.Revision) {
		if err != nil {
			return eventstore.Recorded{}, false, fmt.Errorf("check the feed against the log: %w", err)
		}
		return r, r.Revision == e.Revision, nil
	}
	return eventstore.Recorded{}, false, nil
}

// connected waits until the connection stands. It returns an error once it never will again.
func connected(ctx context.Context, conn *nats.Conn) error {
	changes := conn.StatusChanged(nats.CONNECTED, nats.CLOSED)
	defer conn.RemoveStatusListener(changes)
	for !conn.IsConnected() {
		if conn.IsClosed() {
			return nats.ErrConnectionClosed
		}
		select {
		case <-changes:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// pause waits, or returns the error of ctx.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

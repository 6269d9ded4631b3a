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

// maxStrays is how many messages that aren't events are passed over one by one.
const maxStrays = 64

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
	end      uint64            // sequence of the last message, whatever it is
	messages uint64            // how many there are
	consumer jetstream.Stream  // to read on
}

// strays counts the messages behind the last event.
func (t tail) strays() uint64 { return t.end - min(t.last.sequence, t.end) }

// missing counts the events, at least, that should stand in the stream up to its end and don't.
func (t tail) missing() uint64 {
	there := t.messages + t.end - min(t.sequence, t.end) // with what came while the end was looked for
	there -= min(t.strays(), there)
	return t.cursor.NextSeq - min(there, t.cursor.NextSeq)
}

// beginsLate tells whether the stream begins with a later event than the log does, and with which.
func (t tail) beginsLate(ctx context.Context) (first uint64, late bool, err error) {
	m, ok, err := at(ctx, t.consumer, t.first)
	return m.Event.Seq, ok && m.Event.Seq > 0, err
}

// readTail asks for the last sequence before the last message: what comes between is then refused by the
// fence. The other way around it would be published twice.
func readTail(ctx context.Context, js jetstream.JetStream, name string) (tail, error) {
	s, err := js.Stream(ctx, name)
	if err != nil {
		return tail{}, fmt.Errorf("stream %s: %w", name, err)
	}
	state := s.CachedInfo().State
	t := tail{sequence: state.LastSeq, first: state.FirstSeq, cursor: eventstore.Start, messages: state.Msgs, consumer: s}
	raw, err := s.GetLastMsgForSubject(ctx, Subjects)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return t, nil
	}
	if err != nil {
		return tail{}, fmt.Errorf("last message of stream %s: %w", name, err)
	}
	t.end = raw.Sequence
	last, found, err := t.lastEvent(ctx, raw)
	if err != nil {
		return tail{}, fmt.Errorf("last event of stream %s: %w", name, err)
	}
	if found {
		t.last, t.cursor = last, last.Event.After()
	}
	return t, nil
}

// lastEvent goes back past messages that are no events: a few one by one, after that in strides that
// double, until there is an event, and then forward again to the last one. A stream that has messages and
// never an event isn't the feed.
func (t *tail) lastEvent(ctx context.Context, raw *jetstream.RawStreamMsg) (stored, bool, error) {
	if last, err := parseStored(raw); err == nil {
		return last, true, nil
	}
	strays := 1
	for stride, sequence := uint64(1), raw.Sequence; sequence > t.first; strays++ {
		if strays > maxStrays {
			stride *= 2
		}
		sequence = max(t.first, sequence-min(stride, sequence))
		m, ok, err := eventAt(ctx, t.consumer, sequence)
		if err != nil {
			return stored{}, false, err
		}
		if ok {
			return t.lastOf(ctx, m, func(stored) bool { return true })
		}
	}
	if strays > maxStrays {
		return stored{}, false, fmt.Errorf("%w: there is no event among its last messages", ErrForeignFeed)
	}
	return stored{}, false, nil
}

// lastOf goes on from an event that is fit to the last one of those behind it that are, if from there on
// none is. By bisection, so that many messages that are no events cost little.
func (t *tail) lastOf(ctx context.Context, m stored, fit func(stored) bool) (stored, bool, error) {
	for low, high := m.sequence+1, t.sequence+1; low < high; {
		middle := low + (high-low)/2
		next, ok, err := at(ctx, t.consumer, middle)
		if err != nil {
			return stored{}, false, err
		}
		if ok && next.sequence < high && fit(next) {
			m, low = next, next.sequence+1
		} else {
			high = middle
		}
	}
	return m, true, nil
}

// trueTail passes over events that somebody else published a second time behind the end. In what relays
// write positions only grow, so no event stands beyond the last one; where one does, that one is the better
// end. The search is bounded and may miss the very end among many strangers' messages; what is behind it
// is published again then, which readers pass over.
func trueTail(ctx context.Context, t tail) (tail, error) {
	if t.cursor == eventstore.Start {
		return t, nil
	}
	for range maxStrays {
		end := t.cursor.Position
		beyond, any, err := firstAfter(ctx, t, end)
		if err != nil || !any {
			return t, err
		}
		last, _, err := t.lastOf(ctx, beyond, func(m stored) bool { return m.Event.Position > end })
		if err != nil {
			return tail{}, err
		}
		t.last, t.cursor = last, last.Event.After()
	}
	return t, nil
}

func parseStored(raw *jetstream.RawStreamMsg) (stored, error) {
	m, err := Parse(raw.Header, raw.Data)
	if err != nil {
		return stored{}, err
	}
	return stored{Message: m, sequence: raw.Sequence, relay: raw.Header.Get(headerRelay)}, nil
}

// at finds the event at JetStream's sequence or the first one after it; false means that there is none, or
// that too many messages before it are no events.
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
	return stored{}, false, nil
}

// eventAt gives the event at exactly this sequence of JetStream; false means that something else is there,
// or nothing.
func eventAt(ctx context.Context, s jetstream.Stream, sequence uint64) (stored, bool, error) {
	raw, err := s.GetMsg(ctx, sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return stored{}, false, nil
	}
	if err != nil {
		return stored{}, false, fmt.Errorf("message %d of the feed: %w", sequence, err)
	}
	found, err := parseStored(raw)
	return found, err == nil, nil
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

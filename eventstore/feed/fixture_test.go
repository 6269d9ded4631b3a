package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/memory"
	"github.com/partnerledger/partnerledger/internal/natsnode"
)

const patience = 60 * time.Second

// world is a log and a NATS server on disk that a test may stop, start and take back in time.
type world struct {
	t      testing.TB
	ctx    context.Context
	log    eventstore.Store
	dir    string
	listen string
	node   *natsnode.Node
	wrote  atomic.Int64
}

func newWorld(t testing.TB) *world {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	t.Cleanup(cancel)
	w := &world{t: t, ctx: ctx, log: memory.New(), dir: t.TempDir()}
	w.start()
	t.Cleanup(func() { w.stop() })
	return w
}

func (w *world) start() {
	w.t.Helper()
	node, err := natsnode.Start(natsnode.Options{Dir: w.dir, Listen: w.listen, Logger: quiet()})
	require.NoError(w.t, err)
	w.node, w.listen = node, strings.TrimPrefix(node.ClientURL(), "nats://")
}

func (w *world) stop() {
	if w.node != nil {
		w.node.Close()
		w.node = nil
	}
}

// backup copies the server's directory as it is on disk; restore brings it back: a lost tail.
func (w *world) backup() (restore func()) {
	w.t.Helper()
	w.stop()
	kept := w.t.TempDir() + "/kept"
	require.NoError(w.t, os.CopyFS(kept, os.DirFS(w.dir)))
	w.start()
	return func() {
		w.t.Helper()
		w.stop()
		require.NoError(w.t, os.RemoveAll(w.dir))
		require.NoError(w.t, os.CopyFS(w.dir, os.DirFS(kept)))
		w.start()
	}
}

func (w *world) connect() *nats.Conn {
	w.t.Helper()
	conn, err := nats.Connect("nats://"+w.listen, nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond),
		nats.ReconnectJitter(0, 0), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	require.NoError(w.t, err)
	w.t.Cleanup(conn.Close)
	return conn
}

func (w *world) jetstream() jetstream.JetStream {
	w.t.Helper()
	js, err := jetstream.New(w.connect())
	require.NoError(w.t, err)
	return js
}

func quiet() *slog.Logger {
	if os.Getenv("LOUD") != "" {
		return slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	return slog.New(slog.DiscardHandler)
}

// write appends n events, each to a stream of its own, one after the other.
func (w *world) write(n int) {
	w.t.Helper()
	for range n {
		_, err := w.log.Append(w.ctx, w.stream(), eventstore.NoStream, proposed("PartnershipEstablished"))
		require.NoError(w.t, err)
	}
}

func (w *world) stream() string { return fmt.Sprintf("partnership-%d", w.wrote.Add(1)) }

func proposed(eventType string) eventstore.Proposed {
	id := uuid.New()
	return eventstore.Proposed{
		ID: id, Type: eventType,
		Data: []byte(`{"reseller":"` + id.String() + `","note":"` + strings.Repeat("n", 330) + `"}`),
		Metadata: []byte(`{"$correlationId":"c","$causationId":"` + id.String() +
			`","provider":"11111111-1111-1111-1111-111111111111","schemaVersion":1,"part":0,"parts":1}`),
	}
}

// relayOptions are quick to notice and to take over.
func relayOptions() RelayOptions {
	return RelayOptions{Window: 64, AckWait: 2 * time.Second, Check: 50 * time.Millisecond,
		LeaseTTL: 300 * time.Millisecond, Takeover: 400 * time.Millisecond, Logger: quiet()}
}

func sourceOptions() SourceOptions {
	return SourceOptions{Patience: 100 * time.Millisecond, Retry: 30 * time.Millisecond, Check: 200 * time.Millisecond, Buffer: 50, Logger: quiet()}
}

// running is a relay at work.
type running struct {
	*Relay
	conn  *nats.Conn
	stop  func() error
	ended chan error
}

func (w *world) relay(options RelayOptions) *running {
	w.t.Helper()
	conn := w.connect()
	r, err := NewRelay(w.log, conn, options)
	require.NoError(w.t, err)
	ctx, cancel := context.WithCancel(w.ctx)
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	stop := sync.OnceValue(func() error { cancel(); return <-done })
	w.t.Cleanup(func() { _ = stop() })
	return &running{Relay: r, conn: conn, stop: stop, ended: done}
}

// kill cuts the connection with whatever is under way on it, and waits for the relay to give up.
func (r *running) kill(t testing.TB) {
	t.Helper()
	r.conn.Close()
	require.Eventually(t, func() bool { return r.Status().LastError != "" }, patience, time.Millisecond)
	require.Error(t, r.stop())
}

// log's content, which everything is compared with.
func (w *world) truth() []eventstore.Sequenced {
	w.t.Helper()
	var all []eventstore.Sequenced
	for e, err := range w.log.ReadAll(w.ctx, eventstore.Beginning) {
		require.NoError(w.t, err)
		all = append(all, eventstore.Sequenced{Recorded: e, Seq: uint64(len(all))})
	}
	return all
}

func (w *world) head() eventstore.Position {
	w.t.Helper()
	head, err := w.log.Head(w.ctx)
	require.NoError(w.t, err)
	return head
}

func (w *world) until(condition func() bool, what string) {
	w.t.Helper()
	require.Eventually(w.t, condition, patience, 2*time.Millisecond, what)
}

// caughtUp waits until the last message of the stream is the last event of the log.
func (w *world) caughtUp() {
	w.t.Helper()
	js := w.jetstream()
	w.until(func() bool {
		now, err := readTail(w.ctx, js, DefaultStream)
		return err == nil && now.cursor.Position == w.head()
	}, "the relay catches up")
}

// requireFeedIsLog reads all that the stream holds and compares it with the log.
func (w *world) requireFeedIsLog() {
	w.t.Helper()
	w.caughtUp()
	truth, previous := w.truth(), eventstore.Beginning
	messages := w.messages()
	require.Equal(w.t, len(truth), len(messages))
	for i, m := range messages {
		require.Equal(w.t, truth[i], m.Event)
		require.Equal(w.t, previous, m.Previous)
		previous = m.Event.Position
	}
}

// messages are all events that the stream holds, as they stand in it.
func (w *world) messages() []stored {
	w.t.Helper()
	s, err := w.jetstream().Stream(w.ctx, DefaultStream)
	require.NoError(w.t, err)
	var all []stored
	for sequence := s.CachedInfo().State.FirstSeq; ; sequence++ {
		raw, err := s.GetMsg(w.ctx, sequence, jetstream.WithGetMsgSubject(Subjects))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return all
		}
		require.NoError(w.t, err)
		if m, err := parseStored(raw); err == nil {
			all = append(all, m)
		}
		sequence = raw.Sequence
	}
}

// following is a reader of a source, which keeps what it got.
type following struct {
	*Source
	w    *world
	from eventstore.Cursor
	mu   sync.Mutex
	got  []eventstore.Sequenced
	stop func() error

	ended chan error
}

func (w *world) follow(options SourceOptions, from eventstore.Cursor) *following {
	w.t.Helper()
	s, err := NewSource(w.log, w.connect(), options)
	require.NoError(w.t, err)
	ctx, cancel := context.WithCancel(w.ctx)
	done := make(chan error, 1)
	f := &following{Source: s, w: w, from: from, ended: done}
	go func() { done <- f.run(ctx) }()
	f.stop = sync.OnceValue(func() error { cancel(); return <-done })
	w.t.Cleanup(func() { _ = f.stop() })
	return f
}

func (f *following) run(ctx context.Context) error {
	for e, err := range f.Events(ctx, f.from) {
		if err != nil {
			return err
		}
		f.mu.Lock()
		f.got = append(f.got, e)
		f.mu.Unlock()
	}
	return errors.New("the source ended without an error")
}

func (f *following) all() []eventstore.Sequenced {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.got)
}

func (f *following) last() eventstore.Position {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.got) == 0 {
		return f.from.Position
	}
	return f.got[len(f.got)-1].Position
}

// requireAll waits for the end of the log and compares what came with it: once, in order, whole.
func (f *following) requireAll() {
	f.w.t.Helper()
	head := f.w.head()
	f.w.until(func() bool { return f.last() >= head }, "the reader gets to the end")
	f.mu.Lock()
	defer f.mu.Unlock()
	require.Equal(f.w.t, f.w.truth()[f.from.NextSeq:], f.got)
}

// onFeed waits until the reader reads from the feed.
func (f *following) onFeed() {
	f.w.t.Helper()
	f.w.until(func() bool { return f.Status().OnFeed == 1 }, "the reader is on the feed")
}

// returnsToFeed writes until an event comes from the feed.
func (f *following) returnsToFeed() {
	f.w.t.Helper()
	before := f.Status().FromFeed
	f.w.until(func() bool { f.w.write(1); return f.Status().FromFeed > before }, "the reader returns to the feed")
}

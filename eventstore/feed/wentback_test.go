package feed

import (
	"context"
	"iter"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/esdb"
	"github.com/partnerledger/partnerledger/eventstore/esdbnode"
	"github.com/partnerledger/partnerledger/eventstore/memory"
)

// server is an event store on disk that a test can take back in time.
type server struct {
	w      *world
	dir    string
	listen string
	node   *esdbnode.Node
}

// serve makes the world's log one of an event store that is reached over the network.
func (w *world) serve() *server {
	w.t.Helper()
	s := &server{w: w, dir: w.t.TempDir()}
	s.start()
	w.t.Cleanup(s.stop)
	s.listen = s.node.Addr().String()
	log, err := esdb.Open(esdb.Options{ConnectionString: s.node.ConnectionString() + "&discoveryInterval=20", Logger: quiet()})
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = log.Close() })
	w.log = log
	return s
}

func (s *server) start() {
	s.w.t.Helper()
	node, err := esdbnode.Start(s.w.ctx, esdbnode.Options{Dir: s.dir, Listen: s.listen, NoSync: true})
	require.NoError(s.w.t, err)
	s.node = node
}

func (s *server) stop() {
	if s.node != nil {
		_ = s.node.Close()
		s.node = nil
	}
}

// backup copies the log; restore puts the copy in its place, as an operator does who has lost the disk.
func (s *server) backup() (restore func()) {
	s.w.t.Helper()
	s.stop()
	kept := s.w.t.TempDir() + "/kept"
	require.NoError(s.w.t, os.CopyFS(kept, os.DirFS(s.dir)))
	s.start()
	return func() {
		s.w.t.Helper()
		s.stop()
		require.NoError(s.w.t, os.RemoveAll(s.dir))
		require.NoError(s.w.t, os.CopyFS(s.dir, os.DirFS(kept)))
		s.start()
	}
}

// halts waits for the end of a relay by itself, and gives the reason.
func (r *running) halts(t testing.TB) error {
	t.Helper()
	select {
	case err := <-r.ended:
		r.ended <- err
		return err
	case <-time.After(patience):
		t.Fatal("the relay goes on")
		return nil
	}
}

// Ensure a relay halts when the log was restored from a backup under it, whether or not anybody wrote to the
// restored log meanwhile, and that the feed gets nothing of the other history.
func TestRelay_HaltsWhenTheLogWentBack(t *testing.T) {
	for name, then := range map[string]int{"idle": 0, "fewer new events": 3, "more new events": 40} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := w.serve()
			w.write(30)
			restore := s.backup()
			r := w.relay(relayOptions())
			w.write(20)
			w.caughtUp()
			before := w.messages()
			require.Len(t, before, 50)
			restore()
			w.write(then)
			err := r.halts(t)
			require.ErrorIs(t, err, eventstore.ErrWentBack)
			require.NotErrorIs(t, err, ErrForeignFeed, "it published from this log itself")
			require.Equal(t, before, w.messages(), "nothing of the other history")
			require.Equal(t, err.Error(), r.Status().LastError)
		})
	}
}

// Ensure a relay that starts on a restored log halts, and says that it shares a history with the feed.
func TestRelay_DoesNotStartOnALogThatWentBack(t *testing.T) {
	for name, then := range map[string]int{"idle": 0, "new events": 40} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := w.serve()
			w.write(30)
			restore := s.backup()
			r := w.relay(relayOptions())
			w.write(20)
			w.caughtUp()
			require.ErrorIs(t, r.stop(), context.Canceled)
			before := w.messages()
			restore()
			w.write(then)
			err := w.relay(relayOptions()).halts(t)
			require.ErrorIs(t, err, eventstore.ErrWentBack)
			require.NotErrorIs(t, err, ErrForeignFeed, "the log holds the first event of the feed")
			require.Equal(t, before, w.messages())
		})
	}
}

// Ensure that of a log which shares nothing with the feed both is said: the feed may be another's, or the
// log may have been lost altogether.
func TestRelay_NamesBothReasonsForAnEmptyLog(t *testing.T) {
	w := filled(t, 10)
	w.log = memory.New()
	err := w.relay(relayOptions()).halts(t)
	require.ErrorIs(t, err, ErrForeignFeed)
	require.ErrorIs(t, err, eventstore.ErrWentBack)
}

// replaced is a log whose place another takes, unnoticed by whoever reads from it.
type replaced struct {
	mu      sync.Mutex
	current eventstore.Store
	changed chan struct{}
}

func (r *replaced) by(other eventstore.Store) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.current = other
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *replaced) now() (eventstore.Store, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current, r.changed
}

func (r *replaced) Append(ctx context.Context, stream string, expected eventstore.Revision, events ...eventstore.Proposed) (eventstore.Appended, error) {
	s, _ := r.now()
	return s.Append(ctx, stream, expected, events...)
}

func (r *replaced) ReadStream(ctx context.Context, stream string, from eventstore.Revision) iter.Seq2[eventstore.Recorded, error] {
	s, _ := r.now()
	return s.ReadStream(ctx, stream, from)
}

func (r *replaced) ReadAll(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Recorded, error] {
	s, _ := r.now()
	return s.ReadAll(ctx, after)
}

func (r *replaced) Head(ctx context.Context) (eventstore.Position, error) {
	s, _ := r.now()
	return s.Head(ctx)
}

func (r *replaced) Subscribe(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		for ctx.Err() == nil {
			s, changed := r.now()
			still, cancel := context.WithCancel(ctx)
			go func() {
				select {
				case <-changed:
					cancel()
				case <-still.Done():
				}
			}()
			for e, err := range s.Subscribe(still, after) {
				if err != nil {
					break
				}
				if after = e.Position; !yield(e, nil) {
					cancel()
					return
				}
			}
			cancel()
		}
		yield(eventstore.Recorded{}, ctx.Err())
	}
}

// Ensure other events in the very same places are noticed by relay and reader although nothing else tells.
func TestAnotherHistoryInTheSamePlaces(t *testing.T) {
	for _, from := range []string{"feed", "log"} {
		t.Run(from, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			log := &replaced{current: w.log, changed: make(chan struct{})}
			w.log = log
			r := w.relay(relayOptions())
			w.write(20)
			w.caughtUp()
			f := w.follow(sourceOptions(), eventstore.Start)
			f.requireAll()
			f.onFeed()
			if from == "log" {
				w.stop()
				w.until(func() bool { return f.Status().OnLog == 1 }, "the reader is on the log")
			}
			other := memory.New()
			for i := range 20 {
				_, err := other.Append(w.ctx, w.truth()[i].Stream, eventstore.NoStream, proposed("PartnershipEstablished"))
				require.NoError(t, err)
			}
			log.by(other)
			require.ErrorIs(t, f.ends(), eventstore.ErrWentBack)
			require.EqualValues(t, 20*100, f.last(), "nothing of the other history was delivered")
			if from == "feed" {
				require.ErrorIs(t, r.halts(t), eventstore.ErrWentBack)
			}
		})
	}
}

// Ensure the first event from the log is only believed once the log has shown to be the one read before, not
// after the next look at it.
func TestSource_ProvesTheLogBeforeItReadsFromIt(t *testing.T) {
	w := newWorld(t)
	log := &replaced{current: w.log, changed: make(chan struct{})}
	w.log = log
	w.relay(relayOptions())
	w.write(20)
	w.caughtUp()
	options := sourceOptions()
	options.Check = time.Hour
	f := w.follow(options, eventstore.Start)
	f.requireAll()
	f.onFeed()
	w.stop()
	w.until(func() bool { return f.Status().OnLog == 1 }, "the reader is on the log")
	other := memory.New()
	for range 40 {
		_, err := other.Append(w.ctx, w.stream(), eventstore.NoStream, proposed("PartnershipEstablished"))
		require.NoError(t, err)
	}
	log.by(other)
	require.ErrorIs(t, f.ends(), eventstore.ErrWentBack)
	require.EqualValues(t, 20*100, f.last(), "nothing of the other history was delivered")
}

// ends waits until the reader ends by itself, and gives the reason.
func (f *following) ends() error {
	f.w.t.Helper()
	select {
	case err := <-f.ended:
		f.ended <- err
		return err
	case <-time.After(patience):
		f.w.t.Fatal("the reader goes on")
		return nil
	}
}

// Ensure a reader ends when the log was restored under it: on the feed, on the log, with and without events
// that came after.
func TestSource_EndsWhenTheLogWentBack(t *testing.T) {
	for name, c := range map[string]struct {
		nats bool
		then int
	}{"on the feed": {nats: true}, "on the feed, more events": {nats: true, then: 40}, "on the log": {}, "on the log, more events": {then: 40}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := w.serve()
			w.write(30)
			restore := s.backup()
			r := w.relay(relayOptions())
			w.write(20)
			w.caughtUp()
			f := w.follow(sourceOptions(), eventstore.Start)
			f.requireAll()
			f.onFeed()
			truth := w.truth()
			if !c.nats {
				require.ErrorIs(t, r.stop(), context.Canceled)
				w.stop()
				w.until(func() bool { return f.Status().OnLog == 1 }, "the reader is on the log")
			}
			restore()
			w.write(c.then)
			require.ErrorIs(t, f.ends(), eventstore.ErrWentBack)
			require.Equal(t, truth, f.all(), "nothing of the other history")
		})
	}
}

// Ensure a cursor beyond the end of the log is an error at once, not a reader that waits for ever.
func TestSource_DoesNotWaitBeyondTheEndOfTheLog(t *testing.T) {
	w := filled(t, 20)
	after := w.truth()[19].After()
	landmark := w.truth()[19].Landmark()
	shorter := memory.New()
	for _, e := range w.truth()[:10] {
		_, err := shorter.Append(w.ctx, e.Stream, eventstore.NoStream, eventstore.Proposed{ID: e.ID, Type: e.Type, Data: e.Data, Metadata: e.Metadata})
		require.NoError(t, err)
	}
	s, err := NewSource(w.log, w.connect(), sourceOptions())
	require.NoError(t, err)
	require.NoError(t, s.Holds(w.ctx, landmark))
	w.log = shorter
	options := sourceOptions()
	options.Check = time.Hour
	f := w.follow(options, after)
	require.ErrorIs(t, f.ends(), eventstore.ErrWentBack)
	require.ErrorIs(t, f.Holds(w.ctx, landmark), eventstore.ErrWentBack)
}

// Ensure that an event store that is merely away ends nobody.
func TestAnOutageOfTheLogEndsNobody(t *testing.T) {
	w := newWorld(t)
	s := w.serve()
	w.relay(relayOptions())
	f := w.follow(sourceOptions(), eventstore.Start)
	w.write(30)
	f.requireAll()
	s.stop()
	w.until(func() bool { return !w.logAnswers() }, "the log is away")
	s.start()
	w.write(30)
	f.requireAll()
	w.requireFeedIsLog()
}

func (w *world) logAnswers() bool {
	ctx, cancel := context.WithTimeout(w.ctx, 100*time.Millisecond)
	defer cancel()
	_, err := w.log.Head(ctx)
	return err == nil
}

package audit

import (
	"context"
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/memory"
	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

// office is a notary at work, and what it published.
type office struct {
	*Notary
	t     testing.TB
	dir   string
	keys  *KeyRing
	stop  context.CancelFunc
	ended chan error

	mu        sync.Mutex
	published [][]byte
}

func newOffice(t testing.TB, dir string, keys *KeyRing, log eventstore.Store, source Source) *office {
	t.Helper()
	o := &office{t: t, dir: dir, keys: keys, ended: make(chan error, 1)}
	o.Notary = NewNotary(Options{Dir: dir, Keys: keys, Source: source, Log: log, Publish: o.publish, Interval: 5 * time.Millisecond, Retry: 5 * time.Millisecond,
		Logger: slog.New(slog.DiscardHandler)})
	return o
}

func (o *office) publish(signed []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.published = append(o.published, signed)
}

func (o *office) start() *office {
	ctx, stop := context.WithCancel(context.WithoutCancel(o.t.Context()))
	o.stop = stop
	go func() { o.ended <- o.Run(ctx) }()
	o.t.Cleanup(stop)
	return o
}

// signed waits until this many leaves are under a checkpoint.
func (o *office) signed(n int) {
	o.t.Helper()
	require.Eventually(o.t, func() bool { return o.Status().Signed >= int64(n) }, 20*time.Second, time.Millisecond, "%+v", o.Status())
}

func (o *office) end() {
	o.t.Helper()
	o.stop()
	require.ErrorIs(o.t, <-o.ended, context.Canceled)
}

// halted waits until the notary has ended by itself, and says why.
func (o *office) halted() error {
	o.t.Helper()
	var err error
	require.Eventually(o.t, func() bool {
		select {
		case err = <-o.ended:
			return true
		default:
			return false
		}
	}, 20*time.Second, time.Millisecond, "%+v", o.Status())
	return err
}

// sizes are those of the checkpoints that were published, each of which must be good.
func (o *office) sizes() (sizes []int64) {
	o.t.Helper()
	trust, err := o.keys.trust()
	require.NoError(o.t, err)
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, text := range o.published {
		s, err := trust.Open(text)
		require.NoError(o.t, err)
		sizes = append(sizes, s.Size)
	}
	return sizes
}

// Ensure that every event comes under a checkpoint, past and to come, across restarts, and that what is
// published never goes back.
func TestNotary_SignsEverythingInTheOrderOfTheLog(t *testing.T) {
	log, keys, dir := filled(t, 500), newKeys(t), t.TempDir()
	o := newOffice(t, dir, keys, log, numbered{log}).start()
	o.signed(500)
	fill(t, log, 500, 20)
	o.signed(520)
	o.end()
	fill(t, log, 520, 300)
	again := newOffice(t, dir, keys, log, numbered{log}).start()
	again.signed(820)
	again.end()
	sizes := append(o.sizes(), again.sizes()...)
	require.IsNonDecreasing(t, sizes)
	require.EqualValues(t, 820, sizes[len(sizes)-1])
	all := leaves(t, 820)
	l := open(t, dir, keys)
	require.Equal(t, rootOf(all), [32]byte(l.Signed().Root))
	require.Equal(t, Ended, again.Status().State)
}

// Ensure that leaves are made of the stored bytes, which another copy of the log has too, and of nothing
// else: neither positions nor the server's times.
func TestLeafOf_SaysOnlyWhatEveryCopyOfTheLogSays(t *testing.T) {
	e := eventstore.Sequenced{Seq: 5, Recorded: eventstore.Recorded{Stream: "customer-p.c", Revision: 3, Position: 77, ID: uuid.Nil, Type: "CustomerAdded",
		Created: time.Unix(1, 0), Data: []byte(`{"a": 1}`), Metadata: []byte(`{}`)}}
	leaf, err := leafOf(origin, e)
	require.NoError(t, err)
	require.Equal(t, origin+`/leaf@v1
seq 5
stream customer-p.c
revision 3
event-id 00000000-0000-0000-0000-000000000000
type CustomerAdded
data-sha256 f9d86028c6e0d64e225186f96acb69338b2c59764df79162107f5c4bb34d1310
data-size 8
meta-sha256 44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a
`, string(leaf))
	e.Position, e.Created = 99, time.Unix(2, 0)
	again, err := leafOf(origin, e)
	require.NoError(t, err)
	require.Equal(t, leaf, again)
	e.Stream = "customer\nseq 6"
	_, err = leafOf(origin, e)
	require.ErrorIs(t, err, proof.ErrLeaf)
}

// Ensure that nothing is signed once the ledger isn't the one that was signed, however that came.
func TestNotary_HaltsWhenTheLedgerWentBack(t *testing.T) {
	other := func(t *testing.T) eventstore.Store { // the same but for the data of the last event
		log := filled(t, 99)
		_, err := log.Append(t.Context(), "customer-p.1", 13, eventstore.Proposed{ID: uuid.NewSHA1(uuid.Nil, []byte("99")), Type: "QuantityChanged",
			Data: []byte(`{"quantity":1}`), Metadata: []byte(`{"at":"2026-03-01T00:00:00Z","part":99}`)})
		require.NoError(t, err)
		fill(t, log, 100, 50)
		return log
	}
	for name, log := range map[string]func(t *testing.T) eventstore.Store{
		"its tail is lost":          func(t *testing.T) eventstore.Store { return filled(t, 98) },
		"its last event is another": other,
		"it is empty":               func(t *testing.T) eventstore.Store { return memory.New() },
	} {
		t.Run(name, func(t *testing.T) {
			keys, dir := newKeys(t), t.TempDir()
			first := filled(t, 100)
			o := newOffice(t, dir, keys, first, numbered{first}).start()
			o.signed(100)
			o.end()
			before := files(t, dir)
			now := log(t)
			back := newOffice(t, dir, keys, now, numbered{now}).start()
			err := back.halted()
			require.ErrorIs(t, err, ErrRolledBack)
			require.ErrorContains(t, err, string(RolledBack))
			require.Equal(t, Halted, back.Status().State)
			require.Empty(t, back.sizes())
			require.Equal(t, before, files(t, dir))
		})
	}
}

// Ensure that a tail that was lost while the notary had read it already isn't signed: what a feed still
// knows counts for nothing.
func TestNotary_SignsNothingThatOnlyTheFeedKnows(t *testing.T) {
	keys, dir := newKeys(t), t.TempDir()
	o := newOffice(t, dir, keys, filled(t, 90), numbered{filled(t, 100)}).start()
	require.ErrorIs(t, o.halted(), ErrRolledBack)
	for _, size := range o.sizes() { // of what came before the rest was read
		require.LessOrEqual(t, size, int64(90))
	}
}

// Ensure that a source that noticed it first halts the notary too.
func TestNotary_HaltsWhenItsSourceSaysSo(t *testing.T) {
	log := filled(t, 10)
	o := newOffice(t, t.TempDir(), newKeys(t), log, failing{numbered{log}, eventstore.ErrWentBack, new(atomic.Int32)}).start()
	require.ErrorIs(t, o.halted(), ErrRolledBack)
}

// failing is a source that fails after each event but the first times.
type failing struct {
	numbered
	err   error
	times *atomic.Int32
}

func (f failing) Events(ctx context.Context, after eventstore.Cursor) iter.Seq2[eventstore.Sequenced, error] {
	return func(yield func(eventstore.Sequenced, error) bool) {
		for e, err := range f.numbered.Events(ctx, after) {
			if !yield(e, err) {
				return
			}
			if f.times.Add(1) < 5 {
				yield(eventstore.Sequenced{}, f.err)
				return
			}
		}
	}
}

// Ensure that passing failures are waited out, and that a source that skips an event is never believed.
func TestNotary_GoesOnAfterPassingFailures(t *testing.T) {
	log, keys, dir := filled(t, 100), newKeys(t), t.TempDir()
	o := newOffice(t, dir, keys, log, failing{numbered{log}, eventstore.ErrUnavailable, new(atomic.Int32)}).start()
	o.signed(100)
	require.Contains(t, o.Status().Error, "unavailable")
	o.end()
	require.Equal(t, rootOf(leaves(t, 100)), [32]byte(open(t, dir, keys).Signed().Root))

	skipped := newOffice(t, t.TempDir(), keys, log, skipping{numbered{log}}).start()
	require.Eventually(t, func() bool { return skipped.Status().State == Waiting }, 10*time.Second, time.Millisecond)
	require.Contains(t, skipped.Status().Error, "where event 7 was due")
	skipped.end()
}

type skipping struct{ numbered }

func (s skipping) Events(ctx context.Context, after eventstore.Cursor) iter.Seq2[eventstore.Sequenced, error] {
	return func(yield func(eventstore.Sequenced, error) bool) {
		for e, err := range s.numbered.Events(ctx, after) {
			if e.Seq != 7 && !yield(e, err) {
				return
			}
		}
	}
}

// Ensure that one of two notaries works, and the other once the first is gone.
func TestNotary_StandsByWhileAnotherWorks(t *testing.T) {
	log, keys, dir := filled(t, 10), newKeys(t), t.TempDir()
	one := newOffice(t, dir, keys, log, numbered{log}).start()
	one.signed(10)
	two := newOffice(t, dir, keys, log, numbered{log}).start()
	require.Eventually(t, func() bool { return two.Status().State == Standby }, 10*time.Second, time.Millisecond)
	one.end()
	fill(t, log, 10, 5)
	two.signed(15)
	two.end()
}

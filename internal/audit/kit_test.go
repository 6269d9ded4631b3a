package audit

import (
	"context"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/memory"
)

const origin = "ledger.example.org/partners"

// numbered is a log as a source: it counts.
type numbered struct{ eventstore.Store }

// Events yields what the log holds and will hold.
func (n numbered) Events(ctx context.Context, after eventstore.Cursor) iter.Seq2[eventstore.Sequenced, error] {
	return func(yield func(eventstore.Sequenced, error) bool) {
		seq := after.NextSeq
		for r, err := range n.Subscribe(ctx, after.Position) {
			if !yield(eventstore.Sequenced{Recorded: r, Seq: seq}, err) || err != nil {
				return
			}
			seq++
		}
	}
}

// fill appends n events to a few streams, the same ones whenever it is called with the same begin.
func fill(t testing.TB, log eventstore.Store, begin, n int) {
	t.Helper()
	for i := begin; i < begin+n; i++ {
		stream := fmt.Sprintf("customer-p.%d", i%7)
		p := eventstore.Proposed{ID: uuid.NewSHA1(uuid.Nil, fmt.Append(nil, i)), Type: "QuantityChanged",
			Data: fmt.Appendf(nil, `{"quantity":%d}`, i), Metadata: fmt.Appendf(nil, `{"at":"2026-03-01T00:00:00Z","part":%d}`, i)}
		_, err := log.Append(t.Context(), stream, eventstore.Revision(i/7)-1, p)
		require.NoError(t, err)
	}
}

func filled(t testing.TB, n int) *memory.Store {
	t.Helper()
	log := memory.New()
	fill(t, log, 0, n)
	return log
}

func newKeys(t testing.TB) *KeyRing {
	t.Helper()
	keys, err := CreateKeys(filepath.Join(t.TempDir(), "notary.keys"), origin)
	require.NoError(t, err)
	return keys
}

// leaves are those of the first n events of a log that fill filled.
func leaves(t testing.TB, n int) [][]byte {
	t.Helper()
	var all [][]byte
	for e, err := range (numbered{filled(t, n)}).Events(t.Context(), eventstore.Start) {
		require.NoError(t, err)
		leaf, err := leafOf(origin, e)
		require.NoError(t, err)
		if all = append(all, leaf); len(all) == n {
			break
		}
	}
	return all
}

// files are all files below a folder but those that say nothing of the log.
func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "lock" {
			return err
		}
		name, relErr := filepath.Rel(dir, path)
		require.NoError(t, relErr)
		text, err := os.ReadFile(path)
		all[filepath.ToSlash(name)] = string(text)
		return err
	}))
	return all
}

// ticking is a clock that goes on by a second whenever it is asked.
func ticking() func() time.Time {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return func() time.Time { at = at.Add(time.Second); return at }
}

func open(t testing.TB, dir string, keys *KeyRing) *Log {
	t.Helper()
	l, err := OpenLog(dir, keys, ticking())
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() }) // a test may have closed it
	return l
}

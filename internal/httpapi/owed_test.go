package httpapi

import (
	"bufio"
	"context"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/memory"
	"github.com/partnerledger/partnerledger/internal/intake"
	"github.com/partnerledger/partnerledger/internal/seal"
	"github.com/partnerledger/partnerledger/internal/wire"
)

// flaky fails one command of so many, before or after it was decided; none where it is 0.
type flaky struct {
	Handler
	mu     sync.Mutex
	chance *rand.Rand
	one    int
	failed int
}

func (f *flaky) Handle(ctx context.Context, r eventstore.Request) (eventstore.Outcome, error) {
	f.mu.Lock()
	fails := f.one > 0 && f.chance.IntN(f.one) == 0
	late := fails && f.chance.IntN(2) == 0
	if fails {
		f.failed++
	}
	f.mu.Unlock()
	if fails && !late {
		return eventstore.Outcome{}, eventstore.ErrUnavailable
	}
	o, err := f.Handler.Handle(ctx, r)
	if late {
		return eventstore.Outcome{}, eventstore.ErrUnavailable
	}
	return o, err
}

// submitAll has all lines decided in one submission.
func submitAll(t *testing.T, handler Handler, parallel int, requests []eventstore.Request) []wire.Answer {
	s := &submission{api: &API{handler: handler, log: slog.New(slog.DiscardHandler)}}
	answers, work := make([]wire.Answer, len(requests)), newSideBySide(parallel)
	for i, r := range requests {
		keys, alone := touches(r.ID, r.Command)
		work.start(keys, alone, func() { answers[i] = s.inTurn(t.Context(), r, keys, alone) })
	}
	work.wait()
	return answers
}

// Ensure that lines which failed, said again with all others until none fails, come to what they would have come to at
// once: no later line is decided, and refused for ever, as if an earlier one had never been said.
func TestOwed_SaidAgainComesToTheSame(t *testing.T) {
	requests := tinyRequests(t)
	due := submitAll(t, freshHandler(t), 1, requests)
	for _, parallel := range []int{1, 16} {
		handler := &flaky{Handler: freshHandler(t), chance: rand.New(rand.NewPCG(7, uint64(parallel)))}
		var answers []wire.Answer
		notTried := 0
		for handler.one = 40; ; handler.one = handler.one * 2 % 10240 { // at last none
			answers = submitAll(t, handler, parallel, requests)
			failed := 0
			for _, a := range answers {
				if a.Code == "not-tried" {
					notTried++
				}
				if a.Status == wire.Failed {
					failed++
				}
			}
			if failed == 0 {
				break
			}
		}
		for i := range due {
			require.Equal(t, [2]string{string(due[i].Status), due[i].Code}, [2]string{string(answers[i].Status), answers[i].Code}, "line %d, parallel %d", i+1, parallel)
		}
		require.Positive(t, handler.failed)
		require.Positive(t, notTried)
	}
}

// Ensure lines that have nothing to do with one that failed are decided.
func TestOwed_OthersGoOn(t *testing.T) {
	var o owed
	require.False(t, o.after([]string{"a"}, false))
	require.False(t, o.after(nil, true))
	o.add([]string{"a", "b"}, false)
	require.True(t, o.after([]string{"c", "b"}, false))
	require.False(t, o.after([]string{"c"}, false))
	require.True(t, o.after(nil, true), "whoever is decided alone comes after all")
	o.add(nil, true)
	require.True(t, o.after([]string{"c"}, false), "all come after whoever is decided alone")
}

func tinyRequests(t *testing.T) (requests []eventstore.Request) {
	reader, err := intake.NewReader(intake.Options{AllowHistory: true, Now: time.Now, Digest: func(b []byte) string { return string(b) }})
	require.NoError(t, err)
	text, err := os.Open("../workload/testdata/tiny.jsonl")
	require.NoError(t, err)
	defer text.Close()
	lines := bufio.NewScanner(text)
	for lines.Buffer(nil, lineMax); lines.Scan(); {
		request, err := reader.Read(lines.Bytes())
		require.NoError(t, err)
		requests = append(requests, request)
	}
	require.NoError(t, lines.Err())
	return requests
}

func freshHandler(t *testing.T) Handler {
	keys, err := seal.Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, keys.Close()) })
	return eventstore.NewHandler(memory.New(), eventstore.NewCodec(vocabulary.Events(), keys), noOlder{}, eventstore.Options{SoleWriter: true})
}

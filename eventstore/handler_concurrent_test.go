package eventstore_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/memory"
)

// Ensure many callers who change one subscription at once, through two handlers on one log, leave a chain
// of changes in which each starts from what the one before left: nobody's decision was on stale facts.
func TestHandler_Concurrent(t *testing.T) {
	store, reader := memory.New(), newReader(t)
	handlers := []*eventstore.Handler{newHandler(store, false), newHandler(store, false)}
	example, err := os.ReadFile("../internal/workload/testdata/expected-example/example.jsonl")
	require.NoError(t, err)
	var change string
	for line := range strings.Lines(string(example)) {
		if strings.Contains(line, `"ChangeQuantity"`) {
			change = line
			break
		}
		say(t, handlers[0], reader, line)
	}
	require.NotEmpty(t, change)
	before, after, _ := strings.Cut(change, `"quantity":15`)
	_, rest, _ := strings.Cut(before, `"type"`)

	var callers sync.WaitGroup
	for i := range 16 {
		callers.Go(func() {
			for k := range 20 {
				line := fmt.Sprintf(`{"commandId":"%s","type"%s"quantity":%d%s`, uuid.New(), rest, 20+i*20+k, after)
				request, err := reader.Read([]byte(line))
				if err == nil {
					_, err = handlers[i%2].Handle(t.Context(), request)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	callers.Wait()

	codec, seats, changes := eventstore.NewCodec(vocabulary.Events(), openSealer{}), 10, 0
	for r, err := range store.ReadAll(t.Context(), eventstore.Beginning) {
		require.NoError(t, err)
		e, _, err := codec.Decode(r)
		require.NoError(t, err)
		if changed, ok := e.(customer.QuantityChanged); ok {
			require.Equal(t, seats, changed.Old)
			seats, changes = changed.New, changes+1
		}
	}
	require.Greater(t, changes, 10)
}

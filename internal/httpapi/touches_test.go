package httpapi

import (
	"bufio"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/outcome"
	"github.com/partnerledger/partnerledger/domain/upkeep"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/memory"
	"github.com/partnerledger/partnerledger/internal/intake"
	"github.com/partnerledger/partnerledger/internal/seal"
)

// noOlder is of read models that have seen nothing yet.
type noOlder struct{}

func (noOlder) Outcome(context.Context, domain.CommandID) (eventstore.Outcome, bool, error) {
	return eventstore.Outcome{}, false, nil
}

func (noOlder) Reflects(context.Context) (eventstore.Position, error) { return 0, nil }

// played is the log of a workload, and the command behind each id.
func played(t *testing.T, file string) (*memory.Store, *eventstore.Codec, map[domain.CommandID]domain.Command) {
	t.Helper()
	reader, err := intake.NewReader(intake.Options{AllowHistory: true, Now: time.Now, Digest: func(b []byte) string { return string(b) }})
	require.NoError(t, err)
	keys, err := seal.Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, keys.Close()) })
	store, codec := memory.New(), eventstore.NewCodec(vocabulary.Events(), keys)
	handler := eventstore.NewHandler(store, codec, noOlder{}, eventstore.Options{SoleWriter: true})
	text, err := os.Open(file)
	require.NoError(t, err)
	defer text.Close()
	said := map[domain.CommandID]domain.Command{}
	lines := bufio.NewScanner(text)
	for lines.Buffer(nil, lineMax); lines.Scan(); {
		request, err := reader.Read(lines.Bytes())
		require.NoError(t, err)
		o, err := handler.Handle(t.Context(), request)
		require.NoError(t, err)
		if _, before := said[request.ID]; !before {
			said[o.CommandID] = request.Command
		}
	}
	require.NoError(t, lines.Err())
	return store, codec, said
}

// Ensure the keys of a command that is decided beside others cover all that it wrote, and that what it looked at is
// covered too or written only by commands that are decided alone. This is the premise of the rule, taken from what
// decisions really do.
func TestTouches_CoversWhatDecisionsLookAtAndWrite(t *testing.T) {
	store, codec, said := played(t, "../workload/testdata/tiny.jsonl")
	beside, seen := map[string]bool{}, 0
	looks := map[string][]string{} // by stream, who looked at it without a key for it
	for r, err := range store.ReadAll(t.Context(), eventstore.Beginning) {
		require.NoError(t, err)
		event, meta, err := codec.Decode(r)
		require.NoError(t, err)
		command, known := said[meta.CausationID]
		if !known {
			require.Equal(t, "CommandRefused", r.Type, "only an id said again with another content leaves an event under another")
			continue
		}
		keys, alone := touches(meta.CausationID, command)
		if alone {
			continue
		}
		seen++
		category, _, _ := strings.Cut(r.Stream, "-")
		if category != outcome.RefusalCategory && category != outcome.UnchangedCategory {
			require.Contains(t, keys, r.Stream, "%s wrote it", command.CommandType())
		}
		beside[category] = true
		for _, b := range meta.Basis {
			if !contains(keys, b.Stream) {
				looks[b.Stream] = append(looks[b.Stream], command.CommandType())
			}
		}
		_, reacts := vocabulary.React(event)
		require.False(t, reacts, "%s has something follow in another stream", command.CommandType())
	}
	require.Greater(t, seen, 1000)
	require.Equal(t, map[string]bool{customer.Category: true, customer.DomainCategory: true, outcome.RefusalCategory: true,
		outcome.UnchangedCategory: true}, beside)
	require.Greater(t, len(looks), 10)
	for stream, who := range looks {
		category, _, _ := strings.Cut(stream, "-")
		require.False(t, beside[category], "%s looked at %s, which commands decided beside it write", who[0], stream)
	}
}

func contains(keys []string, key string) bool {
	for _, k := range keys {
		if k == key {
			return true
		}
	}
	return false
}

// Ensure every command of the vocabulary is decided alone but for those about one customer, and so is every other.
func TestTouches_DecidesTheUnknownAlone(t *testing.T) {
	about := map[string]bool{}
	for _, c := range customer.Commands {
		about[c.CommandType()] = true
	}
	for _, c := range append(vocabulary.Commands(), upkeep.SkipProjectionEvent{}, elsewhere{}) {
		keys, alone := touches("id", c)
		require.Equal(t, !about[c.CommandType()], alone, c.CommandType())
		require.Equal(t, alone, len(keys) == 0, c.CommandType())
	}
}

// elsewhere seems to be about a customer, but where it goes is known only from facts.
type elsewhere struct{ customer.PlaceOrder }

func (elsewhere) CommandType() string                       { return "Elsewhere" }
func (e elsewhere) Resolve(*domain.Facts) (s domain.Stream) { return s }

// Ensure what two lines may have in common is a key of both: the id, the customer, the domain however it is spelt.
func TestTouches_SharesKeys(t *testing.T) {
	key := customer.Key{ProviderTenantID: "p", CustomerTenantID: "c"}
	other := customer.Key{ProviderTenantID: "p", CustomerTenantID: "d"}
	shared := func(a, b domain.CommandID, x, y domain.Command) bool {
		first, _ := touches(a, x)
		second, _ := touches(b, y)
		for _, k := range first {
			if contains(second, k) {
				return true
			}
		}
		return false
	}
	require.True(t, shared("1", "2", customer.AddCustomer{Key: key, Domain: "a"}, customer.PlaceOrder{Key: key}))
	require.True(t, shared("1", "1", customer.PlaceOrder{Key: key}, customer.PlaceOrder{Key: other}))
	require.True(t, shared("1", "2", customer.AddCustomer{Key: key, Domain: "A.example"}, customer.AddCustomer{Key: other, Domain: "a.Example"}))
	require.False(t, shared("1", "2", customer.AddCustomer{Key: key, Domain: "a"}, customer.AddCustomer{Key: other, Domain: "b"}))
	require.False(t, shared("1", "2", customer.PlaceOrder{Key: key}, customer.PlaceOrder{Key: other}))
	require.False(t, shared("1", "2", customer.PlaceOrder{Key: key}, customer.PlaceOrder{Key: customer.Key{ProviderTenantID: "q", CustomerTenantID: "c"}}),
		"each provider has customers of its own")
}

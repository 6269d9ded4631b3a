package workload_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/internal/workload"
	"github.com/partnerledger/partnerledger/internal/workload/inmemory"
)

// TestRules plays whole workloads to a ledger in memory: what isn't marked is accepted, and what is marked
// is refused with that code. The generator doesn't use the ledger's rules, so each answer is worked out twice.
func TestRules(t *testing.T) {
	options := []workload.Options{{Seed: 12, Size: workload.Small, EdgeCases: true}}
	for seed := range uint64(6) {
		options = append(options, workload.Options{Seed: seed, Size: workload.Tiny, EdgeCases: seed%2 == 0})
	}
	for _, o := range options {
		t.Run(fmt.Sprintf("%s-%d-%t", o.Size, o.Seed, o.EdgeCases), func(t *testing.T) { playAll(t, o) })
	}
}

func playAll(t *testing.T, o workload.Options) {
	ledger, err := inmemory.New()
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	var wanted []domain.Code
	if err := workload.Each(t.Context(), o, func(l workload.Line) error {
		wanted = append(wanted, l.Refused)
		text.Write(l.Text)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := ledger.Play(t.Context(), bytes.NewReader(text.Bytes())); err != nil {
		t.Fatal(err)
	}
	if len(ledger.Lines) != len(wanted) {
		t.Fatalf("%d lines were sent and %d answered", len(wanted), len(ledger.Lines))
	}
	lines := bytes.Split(text.Bytes(), []byte("\n"))
	for i, got := range ledger.Lines {
		if got.Refused != wanted[i] {
			t.Errorf("line %d: got %q, want %q: %s", i+1, got.Refused, wanted[i], lines[i])
		}
	}
}

func TestSchema(t *testing.T) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(vocabulary.Schema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("commands.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema := compiler.MustCompile("commands.schema.json")
	for _, o := range []workload.Options{{Seed: 5, Size: workload.Tiny, EdgeCases: true}, {Seed: 5, Size: workload.Small, Limit: 5000}} {
		err := workload.Each(t.Context(), o, func(l workload.Line) error {
			command, err := jsonschema.UnmarshalJSON(bytes.NewReader(l.Text))
			if err != nil {
				return fmt.Errorf("line %d isn't JSON: %w", l.Number, err)
			}
			if err := schema.Validate(command); err != nil {
				t.Errorf("line %d: %v: %s", l.Number, err, l.Text)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

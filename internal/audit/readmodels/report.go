package readmodels

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/partnerledger/partnerledger/domain/upkeep"
	"github.com/partnerledger/partnerledger/projections"
)

// Verdict is what came of holding a read model against a seal.
type Verdict string

// The closed set of verdicts.
const (
	Same    Verdict = "same"
	Differs Verdict = "differs"
	Unknown Verdict = "unknown" // this program can't make it
)

// Held is a seal and what the events say to it.
type Held struct {
	Sealed
	Verdict Verdict          `json:"verdict"`
	Why     string           `json:"why,omitzero"`
	Made    *Made            `json:"made,omitzero"`
	Tables  []DifferentTable `json:"differentTables,omitzero"`
}

// Made is what the events make of a read model.
type Made struct {
	Rows   int64  `json:"rows"`
	Digest string `json:"digest"`
}

// DifferentTable is a table that was sealed otherwise than the events make it.
type DifferentTable struct {
	Table      string `json:"table"`
	SealedRows int64  `json:"sealedRows"`
	MadeRows   int64  `json:"madeRows"`
}

// different are the tables in which the difference lies.
func different(s upkeep.Seal, d projections.Digest) (all []DifferentTable) {
	for _, t := range d.Tables {
		at := slices.IndexFunc(s.Tables, func(sealed upkeep.SealedTable) bool { return sealed.Table == t.Table })
		switch {
		case at < 0:
			all = append(all, DifferentTable{Table: t.Table, MadeRows: t.Rows})
		case s.Tables[at].Digest != t.Sum || s.Tables[at].Rows != t.Rows:
			all = append(all, DifferentTable{t.Table, s.Tables[at].Rows, t.Rows})
		}
	}
	return all
}

// Report is what came of a check.
type Report struct {
	Log    uint64 `json:"log"`    // how many events it holds
	Events uint64 `json:"events"` // how many of them were folded, which is as far as the last seal goes
	Held   []Held `json:"seals"`
	// Unsealed are read models of which nothing is on record, so that nothing can be said of them.
	Unsealed []string `json:"unsealed,omitzero"`
	Seconds  float64  `json:"seconds"`
}

func (r Report) count(v Verdict) (n int) {
	for _, h := range r.Held {
		if h.Verdict == v {
			n++
		}
	}
	return n
}

// models is how many read models were compared.
func (r Report) models() int {
	compared := map[string]bool{}
	for _, h := range r.Held {
		if h.Verdict != Unknown {
			compared[h.Projection] = true
		}
	}
	return len(compared)
}

// Same tells whether everything that could be compared is as it was sealed, and something could.
func (r Report) Same() bool { return r.count(Differs) == 0 && r.count(Same) > 0 }

// Print writes the report for a person: a line for each seal, and what it comes to.
func (r Report) Print(w io.Writer) error {
	var lines []string
	for _, h := range r.Held {
		lines = append(lines, fmt.Sprintf("%-13s version %d as of %d events, sealed by event %d of %s: %s", h.Projection, h.Version, h.Seal.Events, h.Number, h.At, h.Verdict))
		if h.Made != nil && h.Verdict == Same {
			lines = append(lines, fmt.Sprintf("    %d rows, digest %s", h.Rows, h.Digest))
		}
		if h.Why != "" {
			lines = append(lines, "    "+h.Why)
		}
		if h.Made != nil && h.Verdict == Differs && h.Why == "" {
			lines = append(lines, fmt.Sprintf("    sealed %d rows, digest %s\n    made   %d rows, digest %s", h.Rows, h.Digest, h.Made.Rows, h.Made.Digest))
		}
		for _, t := range h.Tables {
			lines = append(lines, fmt.Sprintf("    in table %s, sealed with %d rows, made with %d", t.Table, t.SealedRows, t.MadeRows))
		}
	}
	if len(r.Unsealed) > 0 {
		lines = append(lines, "never sealed: "+strings.Join(r.Unsealed, ", "))
	}
	total := fmt.Sprintf("%d read models made again of %d events out of %d in the log: %d seals are right, %d differ", r.models(), r.Events, r.Log, r.count(Same), r.count(Differs))
	if n := r.count(Unknown); n > 0 {
		total += fmt.Sprintf("; %d can't be made by this program", n)
	}
	_, err := fmt.Fprintln(w, strings.Join(append(lines, total), "\n"))
	return err
}

package replay

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/eventstore"
)

// Report is what a check found.
type Report struct {
	Events    int                 `json:"events"`   // read
	Position  eventstore.Position `json:"position"` // of the last of them
	Decisions int                 `json:"decisions"`
	Compared  int                 `json:"compared"` // events, byte for byte
	// Differing is how many decisions and events aren't as they should be; Differences are the first of them, in log order.
	Differing   int          `json:"differing"`
	Differences []Difference `json:"differences,omitzero"`
	// ErasedTexts can't be compared, because whom they are about was forgotten; the rest of their events was.
	ErasedTexts int `json:"erasedTexts"`
	// WithheldTexts were said in commands that were refused, about somebody whom the ledger doesn't know.
	WithheldTexts int `json:"withheldTexts"`
	// StandIns is how many of the decisions had to be made on other texts in the place of such ones.
	StandIns int `json:"standIns"`
	// NotKept is how many events were recorded before commands were kept, so that they can't be replayed.
	NotKept int `json:"notKept"`
	// OlderForm is how many were recorded in an older form: what they say is compared, not their bytes.
	OlderForm int `json:"olderForm"`
	// OpenClaims are names reserved by commands that never came to an end.
	OpenClaims int `json:"openClaims"`
	// Unfinished are facts whose consequence in another stream isn't recorded yet.
	Unfinished int `json:"unfinished"`
	// Reread is how often a stream was read again for a state that wasn't kept.
	Reread  int           `json:"reread"`
	Elapsed time.Duration `json:"-"`
	Seconds float64       `json:"seconds"`
}

// Same tells whether all that was replayed came out as it is recorded.
func (r Report) Same() bool { return r.Differing == 0 }

// Difference is one decision or event that isn't as it should be. It never quotes what an event holds.
type Difference struct {
	Position  eventstore.Position `json:"position"`
	Stream    string              `json:"stream"`
	Revision  eventstore.Revision `json:"revision"`
	Type      string              `json:"type"`
	EventID   uuid.UUID           `json:"eventId"`
	CommandID domain.CommandID    `json:"commandId"`
	What      string              `json:"what"`
}

// String is the difference in a sentence.
func (d Difference) String() string {
	return fmt.Sprintf("%s revision %d (%s, position %d, command %s): %s", d.Stream, d.Revision, d.Type, d.Position, d.CommandID, d.What)
}

func differenceAt(e event, what string) Difference {
	return Difference{Position: e.Position, Stream: e.Stream, Revision: e.Revision, Type: e.Type, EventID: e.ID, CommandID: e.meta.CausationID, What: what}
}

// differencesMax is how many differences are told in full; all are counted.
const differencesMax = 100

// findings are what some of the work brought to light.
type findings struct {
	decisions, compared        int
	erased, withheld, standIns int
	olderForm                  int
	differing                  int
	differences                []Difference
}

func (f findings) empty() bool {
	return f.decisions == 0 && f.compared == 0 && f.erased == 0 && f.withheld == 0 && f.differing == 0
}

func (f *findings) differ(d Difference) {
	f.differing++
	f.differences = append(f.differences, d)
}

func (f *findings) add(g findings) {
	f.decisions += g.decisions
	f.compared += g.compared
	f.erased += g.erased
	f.withheld += g.withheld
	f.standIns += g.standIns
	f.olderForm += g.olderForm
	f.differing += g.differing
	if len(g.differences) == 0 {
		return
	}
	f.differences = append(f.differences, g.differences...)
	slices.SortStableFunc(f.differences, func(a, b Difference) int { return cmp.Compare(a.Position, b.Position) })
	f.differences = f.differences[:min(len(f.differences), differencesMax)]
}

func (r Report) with(f findings) Report {
	r.Decisions, r.Compared, r.Differing, r.Differences = f.decisions, f.compared, f.differing, f.differences
	r.ErasedTexts, r.WithheldTexts, r.StandIns, r.OlderForm = f.erased, f.withheld, f.standIns, f.olderForm
	return r
}

// String is the report for a person: one line, then a line for each thing worth knowing.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d decisions replayed, %d differ; %d of %d events compared byte for byte\n", r.Decisions, r.Differing, r.Compared, r.Events)
	for _, note := range []struct {
		n    int
		text string
	}{
		{r.ErasedTexts, "%d texts were erased and can't be compared\n"},
		{r.WithheldTexts, "%d texts were never kept, of refused commands about somebody whom the ledger doesn't know\n"},
		{r.StandIns, "%d of the decisions were made on other texts in the place of these\n"},
		{r.NotKept, "%d events were recorded before commands were kept: they can't be replayed\n"},
		{r.OlderForm, "%d events were recorded in an older form: what they say was compared, not their bytes\n"},
		{r.OpenClaims, "%d names were reserved by commands that never came to an end: that can't be replayed\n"},
		{r.Unfinished, "%d facts wait for their consequence in another stream; ledgerd brings it about when it starts\n"},
	} {
		if note.n > 0 {
			fmt.Fprintf(&b, note.text, note.n)
		}
	}
	for _, d := range r.Differences {
		fmt.Fprintf(&b, "%s\n", d)
	}
	if more := r.Differing - len(r.Differences); more > 0 {
		fmt.Fprintf(&b, "and %d more\n", more)
	}
	return b.String()
}

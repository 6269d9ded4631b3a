package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

// Code says stably what is wrong.
type Code string

// The closed set of codes.
const (
	Unreadable       Code = "UNREADABLE"             // not a bundle or an exported log at all
	ContainerDiffers Code = "CONTAINER_DIFFERS"      // the zip isn't written as one by this program
	ManifestDiffers  Code = "MANIFEST_DIFFERS"       // a file is missing, superfluous or not the listed one
	BadCheckpoint    Code = "CHECKPOINT_UNREADABLE"  // not a checkpoint
	Unsigned         Code = "CHECKPOINT_UNSIGNED"    // no key that is trusted signed it, or the signature is wrong
	NotWitnessed     Code = "CHECKPOINT_UNWITNESSED" // a witness that is wanted didn't cosign it
	LogShrank        Code = "LOG_SHRANK"             // the log is shorter than at the auditor's last visit
	LogRewritten     Code = "LOG_REWRITTEN"          // the log doesn't begin with what it was then
	SinceUnproven    Code = "SINCE_UNPROVEN"         // the bundle holds no proof from that visit on
	EventUnreadable  Code = "EVENT_UNREADABLE"
	EventDiffers     Code = "EVENT_DIFFERS"   // the stored bytes aren't those that the log holds
	EventMissing     Code = "EVENT_MISSING"   // an event, a leaf or a proof isn't there, is there twice or out of order
	LeafUnreadable   Code = "LEAF_UNREADABLE" //
	NotIncluded      Code = "NOT_INCLUDED"    // the leaf isn't in the tree that was signed
	TileDiffers      Code = "TILE_DIFFERS"    // a tile isn't that of the leaves
	RootDiffers      Code = "ROOT_DIFFERS"    // the leaves have another root than was signed
	PageDiffers      Code = "PAGE_DIFFERS"    // a page to read says something else than the events
)

// Fault is the first thing that is wrong.
type Fault struct {
	Code  Code
	Where string // the file, or what in it
	Err   error
}

// Error is code, place and what is the matter.
func (f *Fault) Error() string {
	text := string(f.Code)
	if f.Where != "" {
		text += " " + f.Where
	}
	if f.Err != nil {
		text += ": " + f.Err.Error()
	}
	return text
}

// Unwrap gives what is the matter.
func (f *Fault) Unwrap() error { return f.Err }

func fault(code Code, where string, err error) error { return &Fault{code, where, err} }

func faultf(code Code, where, form string, args ...any) error {
	return &Fault{code, where, fmt.Errorf(form, args...)}
}

// Checks are what the checking goes by. It must not come from what is checked.
type Checks struct {
	Trust proof.Trust
	// Since is the checkpoint that the auditor kept from the last visit; nil on the first.
	Since []byte
}

// Verdict is what was proven.
type Verdict struct {
	proof.Signed
	Events      int
	First, Last uint64 // numbers of the first and the last of the events
	Whole       bool   // every event of the log is there
	Since       *proof.Checkpoint
	Seals       []Seal // of read models, among the events
	Took        time.Duration
}

// Print writes the verdict for a person.
func (v Verdict) Print(w io.Writer) error {
	what := fmt.Sprintf("%d events, numbers %d to %d: each is in the log as it stands here", v.Events, v.First, v.Last)
	if v.Whole {
		what = fmt.Sprintf("%d events: all that the log holds, none left out", v.Events)
	}
	lines := []string{"VERIFIED", "",
		"events      " + what,
		fmt.Sprintf("log         %s, %d events, root %s", v.Origin, v.Size, v.Root),
		"signed by   " + strings.Join(v.Keys, ", ")}
	for _, c := range v.Cosigned {
		lines = append(lines, fmt.Sprintf("witnessed   by %s on %s", c.Witness, c.At.Format(time.RFC3339)))
	}
	switch {
	case v.Since != nil:
		lines = append(lines, fmt.Sprintf("since then  the log begins with the %d events of your last visit, unaltered", v.Since.Size))
	default:
		lines = append(lines, "since then  no checkpoint of an earlier visit was given; keep this one for the next")
	}
	_, err := fmt.Fprintln(w, strings.Join(append(lines, v.sealLines()...), "\n"))
	return err
}

// checkpoint opens the checkpoint and asks for its witnesses.
func (c Checks) checkpoint(text []byte, where string) (proof.Signed, error) {
	s, err := c.Trust.Open(text)
	switch {
	case errors.Is(err, proof.ErrUnsigned):
		return s, fault(Unsigned, where, err)
	case err != nil:
		return s, fault(BadCheckpoint, where, err)
	}
	if !bytes.Equal(proof.With(text), text) {
		return s, faultf(BadCheckpoint, where, "its signatures stand in another order")
	}
	if name, lacks := s.Lacks(c.Trust.Witnesses); lacks {
		return s, faultf(NotWitnessed, where, "witness %s did not cosign it", name)
	}
	return s, nil
}

// since opens the checkpoint of the last visit. Its witnesses may have been others.
func (c Checks) since() (*proof.Checkpoint, error) {
	if c.Since == nil {
		return nil, nil
	}
	s, err := Checks{Trust: proof.Trust{Log: c.Trust.Log}}.checkpoint(proof.With(c.Since), "the earlier checkpoint")
	return &s.Checkpoint, err
}

// follows tells whether a log could have gone from one checkpoint to the other, as far as sizes tell.
func follows(old, now proof.Checkpoint) error {
	switch {
	case old.Origin != now.Origin:
		return faultf(SinceUnproven, "", "the earlier checkpoint is of %s, this one of %s", old.Origin, now.Origin)
	case old.Size > now.Size:
		return faultf(LogShrank, "", "it has %d events and had %d: its tail was lost", now.Size, old.Size)
	case old.Size == now.Size && old.Root != now.Root:
		return faultf(LogRewritten, "", "its %d events have another root than before", now.Size)
	}
	return nil
}

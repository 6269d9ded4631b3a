package evidence

import (
	"bytes"
	"time"

	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

// VerifyBundle checks every byte of a bundle. Its error is a *Fault: the first thing that is wrong.
func VerifyBundle(text []byte, c Checks) (v Verdict, err error) {
	began := time.Now()
	b, err := unzip(text)
	if err != nil {
		return v, err
	}
	if v.Signed, err = c.checkpoint(b[checkpointFile], checkpointFile); err != nil {
		return v, err
	}
	old, err := b.earlier(v.Checkpoint, c)
	if err != nil {
		return v, err
	}
	if v.Since, err = b.since(v.Checkpoint, old, c); err != nil {
		return v, err
	}
	events, err := b.events(v.Signed)
	if err != nil {
		return v, err
	}
	if err := b.sameFiles(v.Checkpoint, old, events); err != nil {
		return v, err
	}
	v.Events, v.Seals, v.Took = len(events), sealsOf(events), time.Since(began)
	if len(events) > 0 {
		v.First, v.Last = events[0].Seq, events[len(events)-1].Seq
	}
	return v, nil
}

// earlier checks the proof from the earlier checkpoint in the bundle, if there is one.
func (b Bundle) earlier(now proof.Checkpoint, c Checks) (*proof.Checkpoint, error) {
	if b[oldFile] == nil && b[consistencyFile] == nil {
		return nil, nil
	}
	old, err := Checks{Trust: proof.Trust{Log: c.Trust.Log}}.checkpoint(b[oldFile], oldFile)
	if err != nil {
		return nil, err
	}
	if alone, err := proof.LogOnly(b[oldFile]); err != nil || !bytes.Equal(alone, b[oldFile]) {
		return nil, faultf(BadCheckpoint, oldFile, "others than the log signed it")
	}
	p, err := proof.ParseConsistency(b[consistencyFile])
	if err != nil {
		return nil, fault(LogRewritten, consistencyFile, err)
	}
	if !bytes.Equal(p.Checkpoint, b[checkpointFile]) {
		return nil, faultf(LogRewritten, consistencyFile, "it is about another checkpoint")
	}
	if err := follows(old.Checkpoint, now); err != nil {
		return nil, err
	}
	if err := p.Check(old.Checkpoint, now); err != nil {
		return nil, fault(LogRewritten, consistencyFile, err)
	}
	return &old.Checkpoint, nil
}

// since holds the log against the checkpoint that the auditor kept.
func (b Bundle) since(now proof.Checkpoint, proven *proof.Checkpoint, c Checks) (*proof.Checkpoint, error) {
	kept, err := c.since()
	if kept == nil || err != nil {
		return nil, err
	}
	if err := follows(*kept, now); err != nil {
		return nil, err
	}
	switch {
	case kept.Size == now.Size:
		return kept, nil
	case proven == nil || proven.Size != kept.Size:
		return nil, faultf(SinceUnproven, "", "the bundle holds no proof from your %d events on; make it with --since", kept.Size)
	case proven.Root != kept.Root:
		return nil, faultf(LogRewritten, "", "its first %d events have another root than in the checkpoint that you kept", kept.Size)
	}
	return kept, nil
}

// events checks every event against its leaf, and every leaf against the tree.
func (b Bundle) events(now proof.Signed) (events []proof.Event, err error) {
	for line := range bytes.Lines(b[eventsFile]) {
		e, err := proof.ParseEvent(line)
		if err != nil {
			return nil, faultf(EventUnreadable, eventsFile, "line %d: %w", len(events)+1, err)
		}
		if again, err := e.Line(); err != nil || !bytes.Equal(again, line) {
			return nil, faultf(EventUnreadable, eventsFile, "line %d isn't written as an event", len(events)+1)
		}
		if n := len(events); n > 0 && events[n-1].Seq >= e.Seq {
			return nil, faultf(EventMissing, eventsFile, "event %d stands behind event %d", e.Seq, events[n-1].Seq)
		}
		if err := b.included(e, now); err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, nil
}

func (b Bundle) included(e proof.Event, now proof.Signed) error {
	leaf, there := b[leafFile(e.Seq)]
	if !there {
		return faultf(EventMissing, leafFile(e.Seq), "it isn't there")
	}
	if err := matches(e, now.Origin, leaf, leafFile(e.Seq)); err != nil {
		return err
	}
	p, err := proof.ParseInclusion(b[proofFile(e.Seq)])
	switch {
	case err != nil:
		return fault(NotIncluded, proofFile(e.Seq), err)
	case p.Index != int64(e.Seq) || !bytes.Equal(p.Checkpoint, now.Note):
		return faultf(NotIncluded, proofFile(e.Seq), "it is about another entry or another checkpoint")
	}
	if err := p.Check(now.Checkpoint, leaf); err != nil {
		return fault(NotIncluded, proofFile(e.Seq), err)
	}
	return nil
}

// matches holds the stored bytes of an event against a leaf.
func matches(e proof.Event, origin string, leaf []byte, where string) error {
	said, err := proof.ParseLeaf(leaf)
	if err != nil {
		return fault(LeafUnreadable, where, err)
	}
	if is := e.Leaf(origin); is != said {
		return faultf(EventDiffers, where, "event %d is not the one that the log holds", e.Seq)
	}
	return nil
}

// sameFiles makes the bundle again of what was proven: nothing may be different, missing or superfluous.
func (b Bundle) sameFiles(now proof.Checkpoint, old *proof.Checkpoint, events []proof.Event) error {
	again := Bundle{checkpointFile: b[checkpointFile], eventsFile: b[eventsFile], askedFile: b[askedFile]}
	if old != nil {
		again[oldFile], again[consistencyFile] = b[oldFile], b[consistencyFile]
	}
	for _, e := range events {
		again[leafFile(e.Seq)], again[proofFile(e.Seq)] = b[leafFile(e.Seq)], b[proofFile(e.Seq)]
	}
	if err := again.pages(now, old, events); err != nil {
		return fault(PageDiffers, "", err)
	}
	for name, content := range again {
		if is, there := b[name]; !there || !bytes.Equal(is, content) {
			return faultf(PageDiffers, name, "it isn't what the events make of it")
		}
	}
	for name := range b {
		if _, known := again[name]; !known {
			return faultf(EventMissing, name, "it belongs to no event in %s", eventsFile)
		}
	}
	return nil
}

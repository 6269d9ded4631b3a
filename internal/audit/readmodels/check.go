package readmodels

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// Options of a check.
type Options struct {
	// Every holds read models against every seal on record, and not just the last of each.
	Every bool
	// Progress hears how many events were read, or folded, of how many; nil where nobody wants to know.
	Progress func(events, of uint64)
}

// ErrNoSeals says that no read model was ever sealed.
var ErrNoSeals = errors.New("the log holds no seal of a read model; order one with: ledger projections seal all")

// Check makes read models again of the events of the log, in a database of its own that is gone afterwards, and holds
// them against the seals in the log. It believes no seal anything: not even of which event it is.
func Check(ctx context.Context, log Log, models []projections.Projection, o Options) (report Report, err error) {
	began := time.Now()
	if o.Progress == nil {
		o.Progress = func(uint64, uint64) {}
	}
	on, err := recordOf(ctx, log, func(n uint64) { o.Progress(n, 0) })
	if err != nil {
		return report, err
	}
	report.Log = on.events
	seals := on.seals
	if !o.Every {
		seals = newest(seals)
	}
	if len(seals) == 0 {
		return report, ErrNoSeals
	}
	c := &check{models: models}
	for _, s := range seals {
		c.held = append(c.held, c.judged(s))
	}
	for _, p := range models {
		if !slices.ContainsFunc(seals, func(s Sealed) bool { return s.Projection == p.Name() }) {
			report.Unsealed = append(report.Unsealed, p.Name())
		}
	}
	if stops := c.stops(); len(stops) > 0 {
		if err := c.run(ctx, log, on, stops, o.Progress); err != nil {
			return report, err
		}
		report.Events = stops[len(stops)-1]
	}
	report.Held, report.Seconds = c.held, time.Since(began).Seconds()
	return report, nil
}

type check struct {
	models []projections.Projection
	held   []Held
	fold   *projections.Models
}

// judged is a seal with what is wrong with it at first sight, if anything.
func (c *check) judged(s Sealed) Held {
	h := Held{Sealed: s}
	at := slices.IndexFunc(c.models, func(p projections.Projection) bool { return p.Name() == s.Projection })
	switch {
	case s.Events < 0 || uint64(s.Events) > s.Number:
		h.Verdict, h.Why = Differs, fmt.Sprintf("it claims to be of %d events, and only %d come before it", s.Events, s.Number)
	case at < 0:
		h.Verdict, h.Why = Unknown, "this program has no such read model"
	case s.Version != c.models[at].Version():
		h.Verdict, h.Why = Unknown, fmt.Sprintf("it was made by version %d, and this program makes version %d: use the ledgerd of then, or seal anew", s.Version, c.models[at].Version())
	}
	return h
}

// stops are after how many events there is something to compare.
func (c *check) stops() (all []uint64) {
	for _, h := range c.held {
		if h.Verdict == "" {
			all = append(all, uint64(h.Sealed.Events))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// run folds the log and compares wherever it stands still.
func (c *check) run(ctx context.Context, log Log, on record, stops []uint64, progress func(events, of uint64)) (err error) {
	dir, err := os.MkdirTemp("", "ledger-readmodels-*")
	if err != nil {
		return fmt.Errorf("a place for the read models: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	db, err := sqldb.Open(ctx, "sqlite:"+filepath.Join(dir, "readmodels.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if c.fold, err = projections.NewModels(ctx, db, c.wanted()...); err != nil {
		return err
	}
	source := newStages(log, stops, func(n uint64) { progress(n, stops[len(stops)-1]) })
	runner := projections.NewRunner(c.fold, source, eventstore.NewCodec(vocabulary.Events(), nil), projections.Options{
		Skips: func(_ context.Context, name string) ([]uuid.UUID, error) { return on.skips[name], nil }})
	ctx, stop := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		stop(runner.Run(ctx))
	}()
	defer func() { stop(nil); <-ended }()
	for more := true; more; {
		if more, err = c.stage(ctx, source); err != nil {
			return err
		}
	}
	return nil
}

// wanted are the read models of which there is a seal to compare.
func (c *check) wanted() (all []projections.Projection) {
	for _, p := range c.models {
		if slices.ContainsFunc(c.held, func(h Held) bool { return h.Verdict == "" && h.Projection == p.Name() }) {
			all = append(all, p)
		}
	}
	return all
}

// stage waits until the fold stands still, and compares what is sealed as of there. There is no more to come where no
// read model goes on.
func (c *check) stage(ctx context.Context, source *stages) (more bool, err error) {
	var status []projections.Status
	select {
	case at := <-source.reached:
		if status, err = c.settled(ctx, at); err != nil {
			return false, err
		}
		if err := c.compareAll(ctx, status, at); err != nil {
			return false, err
		}
	case <-time.After(lookAgain):
		if status, err = c.fold.Status(ctx, eventstore.Start); err != nil {
			return false, err
		}
		if slices.ContainsFunc(status, moves) {
			return true, nil
		}
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	if !slices.ContainsFunc(status, moves) {
		for i := range c.held {
			c.held[i].stands(status)
		}
		return false, nil
	}
	select {
	case source.goOn <- struct{}{}:
		return slices.ContainsFunc(c.held, func(h Held) bool { return h.Verdict == "" }), nil
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
}

func moves(s projections.Status) bool { return s.State != projections.Stopped }

// stands says of a seal that isn't judged yet that its read model doesn't get there, if that is so.
func (h *Held) stands(status []projections.Status) {
	for _, s := range status {
		if h.Verdict == "" && s.Name == h.Projection && s.Poison != nil {
			h.Verdict, h.Why = Differs, fmt.Sprintf("it can't be made of these events: event %s: %s", s.Poison.Event, s.Poison.Cause)
		}
	}
}

// compareAll compares what is sealed as of this stage.
func (c *check) compareAll(ctx context.Context, status []projections.Status, at stage) error {
	for i := range c.held {
		h := &c.held[i]
		if h.Verdict != "" || uint64(h.Sealed.Events) != at.NextSeq {
			continue
		}
		if h.stands(status); h.Verdict != "" {
			continue
		}
		if err := c.compare(ctx, h, at); err != nil {
			return err
		}
	}
	return nil
}

// lookAgain is how often settled looks for read models that don't get there.
const lookAgain = 100 * time.Millisecond

// settled returns once every read model has all events up to the stage, or stands still at one of them.
func (c *check) settled(ctx context.Context, at stage) ([]projections.Status, error) {
	for {
		short, cancel := context.WithTimeout(ctx, lookAgain)
		err := c.fold.Wait(short, at.Position)
		cancel()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if late := (*projections.NotReached)(nil); err != nil && !errors.As(err, &late) {
			return nil, err
		}
		status, err := c.fold.Status(ctx, at.Cursor)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(status, func(s projections.Status) bool { return moves(s) && s.NextSeq < at.NextSeq }) {
			return status, nil
		}
	}
}

// compare holds what the events make against one seal.
func (c *check) compare(ctx context.Context, h *Held, at stage) error {
	digests, err := c.fold.Digests(ctx, h.Projection)
	if err != nil {
		return err
	}
	d := digests[0]
	h.Made = &Made{Rows: d.Rows, Digest: d.Sum}
	switch {
	case d.Events != at.NextSeq:
		return fmt.Errorf("read model %s is at event %d, not at %d", d.Name, d.Events, at.NextSeq)
	case h.EventID != "" && h.EventID != at.last.String():
		h.Verdict, h.Why = Differs, fmt.Sprintf("event %d of this log is %s, and it was sealed as of event %s", at.NextSeq-1, at.last, h.EventID)
	case h.Schema != d.Schema:
		h.Verdict, h.Why = Unknown, "its tables were made by another schema: use the ledgerd of then, or seal anew"
	case h.Digest == d.Sum:
		h.Verdict = Same
	default:
		h.Verdict, h.Tables = Differs, different(h.Seal, d)
	}
	return nil
}

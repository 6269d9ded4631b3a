package evidence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

// Request says which events are wanted: filters of the timeline, and a stream.
type Request struct {
	Filters url.Values
	Stream  string
	// Since is the checkpoint of the auditor's last visit; nil on the first.
	Since []byte
}

// ErrNothing says that no event is so.
var ErrNothing = errors.New("the ledger has no such events")

// Collect makes a bundle of the events asked for. It believes the ledger nothing: proofs are made here, of
// tiles that are held against the checkpoint. If the log no longer begins as it did at the last visit there
// is no proof to make, and the error is a *Fault that says so.
func Collect(ctx context.Context, ledger Get, r Request) (Bundle, error) {
	numbers, err := ledger.numbers(ctx, r.Filters, r.Stream)
	if err != nil {
		return nil, err
	}
	if len(numbers) == 0 {
		return nil, ErrNothing
	}
	slices.Sort(numbers)
	note, c, err := ledger.signed(ctx, int64(numbers[len(numbers)-1])+1)
	if err != nil {
		return nil, err
	}
	fetch := ledger.tiles(ctx)
	b := Bundle{checkpointFile: note, askedFile: r.asked()}
	old, err := b.consistent(r.Since, c, fetch)
	if err != nil {
		return nil, err
	}
	var events []proof.Event
	for part := range slices.Chunk(numbers, pageMax) {
		query := url.Values{}
		for _, n := range part {
			query.Add("seq", strconv.FormatUint(n, 10))
		}
		if err := ledger.events(ctx, query, func(e proof.Event) error {
			events = append(events, e)
			return b.prove(e, note, c, fetch)
		}); err != nil {
			return nil, err
		}
	}
	if len(events) != len(numbers) {
		return nil, fmt.Errorf("the ledger gave %d events where %d were asked for", len(events), len(numbers))
	}
	return b, b.pages(c, old, events)
}

// signPatience is how long the notary may take for the newest events, and askStep how often it is looked.
const (
	signPatience = 10 * time.Second
	askStep      = 200 * time.Millisecond
)

// signed waits for a checkpoint over so many events.
func (g Get) signed(ctx context.Context, least int64) (note []byte, c proof.Checkpoint, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, signPatience, ErrNotYet)
	defer cancel()
	for {
		note, c, err = g.checkpoint(ctx, least)
		if !errors.Is(err, ErrNotYet) {
			return note, c, err
		}
		select {
		case <-time.After(askStep):
		case <-ctx.Done():
			return nil, c, context.Cause(ctx)
		}
	}
}

// asked writes down what was asked for, in one way.
func (r Request) asked() []byte {
	var lines []string
	for name, values := range r.Filters {
		lines = append(lines, name+" "+strings.Join(values, ", "))
	}
	if r.Stream != "" {
		lines = append(lines, "stream "+r.Stream)
	}
	slices.Sort(lines)
	return []byte(strings.Join(append(lines, ""), "\n"))
}

// consistent adds the proof from the earlier checkpoint on.
func (b Bundle) consistent(since []byte, now proof.Checkpoint, fetch proof.Fetch) (*proof.Checkpoint, error) {
	if since == nil {
		return nil, nil
	}
	old, err := proof.Unverified(since)
	if err != nil {
		return nil, fault(BadCheckpoint, "the earlier checkpoint", err)
	}
	if err := follows(old, now); err != nil {
		return nil, err
	}
	hashes, err := proof.ProveConsistency(old.Size, now.Size, fetch.Hashes(now.Size, now.Root))
	if err != nil {
		return nil, err
	}
	p := proof.Consistency{Old: old.Size, Hashes: hashes, Checkpoint: b[checkpointFile]}
	if err := p.Check(old, now); err != nil {
		return nil, fault(LogRewritten, "", err)
	}
	b[consistencyFile] = p.Bytes()
	b[oldFile], err = proof.LogOnly(since)
	return &old, err
}

// prove adds an event, its leaf and its proof. An event that isn't the one in the log goes into the bundle
// all the same: whoever checks it has to see that.
func (b Bundle) prove(e proof.Event, note []byte, c proof.Checkpoint, fetch proof.Fetch) error {
	leaf, err := fetch.Entry(int64(e.Seq), c.Size)
	if err != nil {
		return err
	}
	hashes, err := tlog.ProveRecord(c.Size, int64(e.Seq), fetch.Hashes(c.Size, c.Root))
	if err != nil {
		return fmt.Errorf("prove event %d: %w", e.Seq, err)
	}
	return b.put(e, bytes.Clone(leaf), proof.Inclusion{Index: int64(e.Seq), Hashes: hashes, Checkpoint: note})
}

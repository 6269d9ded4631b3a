package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strconv"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

// EventsMax is how many events one request may ask for.
const EventsMax = 10_000

// events gives the stored bytes of events, a line of JSON each: those with the numbers seq=…, or from a
// number on, limit of them. Personal texts in them are sealed, as they are stored.
func (s *server) events(w http.ResponseWriter, r *http.Request) error {
	size, err := s.size()
	if err != nil {
		return err
	}
	numbers, err := seqs(r.URL.Query()["seq"], size)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	write := func(e proof.Event) error {
		line, err := e.Line()
		if err == nil {
			_, err = w.Write(line)
		}
		return err
	}
	if len(numbers) > 0 {
		return s.some(r.Context(), numbers, size, write)
	}
	from, err := count(r, "from", 0)
	if err != nil {
		return err
	}
	limit, err := count(r, "limit", EventsMax)
	if err != nil {
		return err
	}
	return s.stretch(r.Context(), from, min(limit, EventsMax, max(size-from, 0)), size, write)
}

// size is how many events are under the newest checkpoint.
func (s *server) size() (int64, error) {
	tail, from, err := s.disk.ReadTail(checkpointsFile, 64<<10)
	if err != nil {
		return 0, err
	}
	all, _, _ := parseRecord[Kept](tail[wholeFrom(tail, from):])
	if len(all) == 0 {
		return 0, fs.ErrNotExist
	}
	return all[len(all)-1].Size, nil
}

func seqs(texts []string, size int64) (numbers []int64, err error) {
	if len(texts) > EventsMax {
		return nil, asked{fmt.Errorf("%d events are more than %d; ask in parts", len(texts), EventsMax)}
	}
	for _, text := range texts {
		n, err := strconv.ParseUint(text, 10, 63)
		if err != nil || int64(n) >= size {
			return nil, asked{fmt.Errorf("seq=%q is no event under the newest checkpoint, which has %d", text, size)}
		}
		numbers = append(numbers, int64(n))
	}
	return numbers, nil
}

// leaf reads what the proof log says of an event.
func (s *server) leaf(n, size int64) (proof.Leaf, error) {
	text, err := proof.Fetch(s.disk.ReadFile).Entry(n, size)
	if err != nil {
		return proof.Leaf{}, err
	}
	return proof.ParseLeaf(text)
}

// some finds each event by its stream and revision, which its leaf names, reading each stream once.
func (s *server) some(ctx context.Context, numbers []int64, size int64, write func(proof.Event) error) error {
	streams := map[string][]proof.Leaf{}
	for _, n := range numbers {
		leaf, err := s.leaf(n, size)
		if err != nil {
			return err
		}
		streams[leaf.Stream] = append(streams[leaf.Stream], leaf)
	}
	found := map[uint64]proof.Event{}
	for _, leaves := range streams {
		slices.SortFunc(leaves, func(a, b proof.Leaf) int { return cmp.Compare(a.Revision, b.Revision) })
		if err := s.ofStream(ctx, leaves, found); err != nil {
			return err
		}
	}
	for _, n := range numbers {
		if err := write(found[uint64(n)]); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) ofStream(ctx context.Context, leaves []proof.Leaf, found map[uint64]proof.Event) error {
	for r, err := range s.log.ReadStream(ctx, leaves[0].Stream, eventstore.Revision(leaves[0].Revision)) {
		if err != nil {
			return err
		}
		for len(leaves) > 0 && leaves[0].Revision == int64(r.Revision) {
			found[leaves[0].Seq] = eventOf(r, leaves[0].Seq)
			leaves = leaves[1:]
		}
		if len(leaves) == 0 {
			return nil
		}
	}
	return fmt.Errorf("%w (event %d is gone)", ErrRolledBack, leaves[0].Seq)
}

// stretch reads events in the order of the log.
func (s *server) stretch(ctx context.Context, from, limit, size int64, write func(proof.Event) error) error {
	if limit == 0 {
		return nil
	}
	at := eventstore.Start
	if from > 0 {
		before, err := proof.Fetch(s.disk.ReadFile).Entry(from-1, size)
		if err != nil {
			return err
		}
		if at, err = stands(ctx, s.log, before); err != nil {
			return err
		}
	}
	for r, err := range s.log.ReadAll(ctx, at.Position) {
		if err != nil {
			return err
		}
		if err := write(eventOf(r, uint64(from))); err != nil {
			return err
		}
		from, limit = from+1, limit-1
		if limit == 0 {
			return nil
		}
	}
	return errors.Join(ErrRolledBack, fmt.Errorf("the event store ends before event %d", from))
}

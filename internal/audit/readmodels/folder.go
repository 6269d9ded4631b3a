package readmodels

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"

	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

// Folder is a whole log as an auditor took it away. What is in it MUST have been verified before: here its events are
// believed. An event stands at the position that is its number, because where it stood in a store nobody signed.
type Folder struct{ Files fs.FS }

// ReadAll is Log.
func (f Folder) ReadAll(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		names, err := fs.Glob(f.Files, "events/*.jsonl") // sorted, and named by their first number
		if err == nil && len(names) == 0 {
			err = errors.New("there is no folder events with a log in it; take one away with: ledger evidence --whole -o DIRECTORY")
		}
		next, more := uint64(0), true
		for i := 0; err == nil && more && i < len(names); i++ {
			err = f.read(names[i], &next, func(r eventstore.Recorded) (bool, error) {
				more = r.Position <= after || yield(r, nil)
				return more, ctx.Err()
			})
		}
		if !more {
			return
		}
		if err != nil {
			yield(eventstore.Recorded{}, fmt.Errorf("exported log: %w", err))
		}
	}
}

// read gives the events of one file.
func (f Folder) read(name string, next *uint64, each func(eventstore.Recorded) (more bool, err error)) error {
	file, err := f.Files.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	for lines := bufio.NewReaderSize(file, 1<<20); ; {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		r, err := recorded(line, *next)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		*next++
		if more, err := each(r); !more || err != nil {
			return err
		}
	}
}

func recorded(line []byte, due uint64) (r eventstore.Recorded, err error) {
	e, err := proof.ParseEvent(line)
	if err != nil {
		return r, err
	}
	if e.Seq != due {
		return r, fmt.Errorf("event %d stands where event %d was due", e.Seq, due)
	}
	r = eventstore.Recorded{Stream: e.Stream, Revision: eventstore.Revision(e.Revision), Position: eventstore.Position(e.Seq), Type: e.Type,
		Data: e.Data, Metadata: e.Metadata}
	if r.ID, err = uuid.Parse(e.ID); err != nil {
		return r, fmt.Errorf("event %d: %w", e.Seq, err)
	}
	return r, nil
}

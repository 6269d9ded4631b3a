package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

// Rebuild makes the files of the log anew from the events, as they were: the record of what was signed is
// kept, and the tree MUST have the recorded root at each recorded size. It signs nothing. If the events
// aren't those that were signed it returns ErrRolledBack, and the log stays unusable.
func Rebuild(ctx context.Context, dir string, keys *KeyRing, source Source, now func() time.Time) (size int64, err error) {
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return 0, fmt.Errorf("proof log: %w", err)
	}
	defer lock.Close()
	if err := lockFile(lock); err != nil {
		return 0, err
	}
	return rebuild(ctx, folder(dir), keys, source, now)
}

func rebuild(ctx context.Context, d disk, keys *KeyRing, source Source, now func() time.Time) (int64, error) {
	text, err := d.ReadFile(checkpointsFile)
	if err != nil {
		return 0, fmt.Errorf("proof log: nothing tells what was signed: %w", err)
	}
	kept, _, ok := parseRecord[Kept](text)
	if !ok || len(kept) == 0 {
		return 0, fmt.Errorf("%w: %s can't be read; it can only be restored from a copy", ErrDamaged, checkpointsFile)
	}
	l := emptyLog(d, keys, now)
	if err := errors.Join(d.Remove("tile"), l.fresh()); err != nil {
		return 0, fmt.Errorf("proof log: %w", err)
	}
	for e, err := range source.Events(ctx, eventstore.Start) {
		if err == nil {
			err = l.again(e, &kept)
		}
		if err != nil {
			return l.Size(), fmt.Errorf("rebuild the proof log after %d events: %w", l.Size(), err)
		}
		if len(kept) == 0 {
			break
		}
	}
	if err := l.load(Kept{Note: string(l.signed.Note)}); err != nil {
		return l.Size(), err
	}
	return l.Size(), nil
}

// again adds an event that was signed before. At each recorded size it makes the files as they were then.
func (l *Log) again(e eventstore.Sequenced, kept *[]Kept) error {
	leaf, err := leafOf(l.keys.Origin(), e)
	if err != nil {
		return err
	}
	l.Add(leaf)
	if l.Size() < (*kept)[0].Size {
		if l.Size()%FlushMax == 0 {
			return l.Flush()
		}
		return nil
	}
	trust, err := l.keys.trust()
	if err != nil {
		return err
	}
	was, err := trust.Open([]byte((*kept)[0].Note))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForeign, err)
	}
	c, err := l.settle()
	if err != nil {
		return err
	}
	if c != was.Checkpoint {
		return fmt.Errorf("%w: the first %d events have another root than was signed", ErrRolledBack, c.Size)
	}
	before := l.signed.Size
	l.signed, *kept = was, (*kept)[1:]
	return l.tidy(before)
}

// eventOf is the event as the proof log sees it.
func eventOf(r eventstore.Recorded, seq uint64) proof.Event {
	return proof.Event{Seq: seq, Stream: r.Stream, Revision: int64(r.Revision), ID: r.ID.String(), Type: r.Type, Data: r.Data, Metadata: r.Metadata}
}

// leafOf is the leaf of an event.
func leafOf(origin string, e eventstore.Sequenced) ([]byte, error) {
	return eventOf(e.Recorded, e.Seq).Leaf(origin).Bytes()
}

package journal

import (
	"context"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// entry is what one caller puts on record: the beginning of a submission, lines of it, or both.
type entry struct {
	submission, name string
	begun            domain.Instant
	begins           bool
	lines            []Line
}

type waiting struct {
	entry
	done chan error
}

// batcher writes what several callers have at hand in one transaction: whoever finds nobody writing
// writes for all who wait.
type batcher struct {
	db      *sqldb.DB
	queue   chan waiting
	writing chan struct{} // holds one token; whoever takes it writes
}

const batchMax = 1000

func newBatcher(db *sqldb.DB) *batcher {
	b := &batcher{db: db, queue: make(chan waiting, batchMax), writing: make(chan struct{}, 1)}
	b.writing <- struct{}{}
	return b
}

func (b *batcher) add(ctx context.Context, e entry) error {
	w := waiting{entry: e, done: make(chan error, 1)}
	select {
	case b.queue <- w:
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		select {
		case err := <-w.done:
			return err
		case <-b.writing:
			b.writeWaiting(context.WithoutCancel(ctx)) // others' lines don't depend on this caller's patience
			b.writing <- struct{}{}
		}
	}
}

func (b *batcher) writeWaiting(ctx context.Context) {
	var batch []waiting
	for len(batch) < batchMax {
		select {
		case w := <-b.queue:
			batch = append(batch, w)
			continue
		default:
		}
		break
	}
	if len(batch) == 0 {
		return
	}
	err := b.db.Write(ctx, func(tx *sqldb.Tx) error {
		for _, w := range batch {
			if err := write(ctx, tx, w.entry); err != nil {
				return err
			}
		}
		return nil
	})
	for _, w := range batch {
		w.done <- err
	}
}

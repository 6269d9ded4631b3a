package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

// Code names what is wrong, stably, for alarms and scripts.
type Code string

// RolledBack is the code of ErrRolledBack.
const RolledBack Code = "LEDGER_ROLLED_BACK"

// ErrRolledBack says that the ledger isn't the one that was signed: an event is gone, or another stands in
// its place. Nothing is signed from then on. Either the event store was restored from a copy that is too
// old, or somebody changed it.
var ErrRolledBack = errors.New(string(RolledBack) + ": the event store no longer holds what the proof log has signed; nothing more is signed. " +
	"Restore the newest copy of the event store, and tell the auditors")

const (
	// certain is how long an empty place is looked at before the event counts as gone: a node of a cluster
	// that has just taken over may lag behind for a moment.
	certain = time.Second
	askStep = 100 * time.Millisecond
)

// stands makes sure that the event of this leaf is in its place, byte for byte, and gives the cursor after it.
func stands(ctx context.Context, log eventstore.Store, text []byte) (eventstore.Cursor, error) {
	if text == nil {
		return eventstore.Start, nil
	}
	leaf, err := proof.ParseLeaf(text)
	if err != nil {
		return eventstore.Cursor{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	for deadline := time.Now().Add(certain); ; {
		at, found, err := standing(ctx, log, leaf, text)
		if found || err != nil {
			return at, err
		}
		if !time.Now().Before(deadline) {
			return at, fmt.Errorf("%w (event %d: stream %s ends before revision %d)", ErrRolledBack, leaf.Seq, leaf.Stream, leaf.Revision)
		}
		if err := pause(ctx, askStep); err != nil {
			return at, err
		}
	}
}

func standing(ctx context.Context, log eventstore.Store, leaf proof.Leaf, text []byte) (at eventstore.Cursor, found bool, err error) {
	for r, err := range log.ReadStream(ctx, leaf.Stream, eventstore.Revision(leaf.Revision)) {
		if err != nil {
			return at, false, fmt.Errorf("look for event %d in the event store: %w", leaf.Seq, err)
		}
		e := eventstore.Sequenced{Recorded: r, Seq: leaf.Seq}
		if there, err := leafOf(leaf.Origin, e); err != nil || !bytes.Equal(there, text) {
			return at, false, fmt.Errorf("%w (event %d: revision %d of stream %s is another)", ErrRolledBack, leaf.Seq, leaf.Revision, leaf.Stream)
		}
		return e.After(), true, nil
	}
	return at, false, nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

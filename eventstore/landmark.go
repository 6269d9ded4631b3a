package eventstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Landmark is an event where it stood in the log. Whoever keeps one can tell later on whether the log is
// still the same: an event in the log never changes its place, and never leaves it.
type Landmark struct {
	Stream   string
	Revision Revision
	Position Position
	ID       uuid.UUID
}

// Landmark is the event's.
func (r Recorded) Landmark() Landmark {
	return Landmark{Stream: r.Stream, Revision: r.Revision, Position: r.Position, ID: r.ID}
}

// ErrWentBack says that the log isn't the one that was read before, so that whatever was made of it must
// not go on from where it is: it would mix two histories.
var ErrWentBack = errors.New("the event store went back in time or is another log: it no longer holds an event that was read from it. " +
	"Stop everything; then restore the newest copy of the log, or rebuild everything downstream on purpose")

const (
	// certain is how long Holds asks again before it takes an event for gone: a node of a cluster that has
	// just taken over may lag behind for a moment.
	certain = time.Second
	askStep = 100 * time.Millisecond
)

// Holds returns nil if the log has exactly this event at this place, an error that is ErrWentBack if it
// hasn't, and another error if the log can't be asked. Another event in that place is proof at once; an
// empty place only after it stayed empty for a second.
func Holds(ctx context.Context, log Store, l Landmark) error {
	for deadline := time.Now().Add(certain); ; {
		there, found, err := standing(ctx, log, l)
		switch {
		case err != nil:
			return fmt.Errorf("look for event %s in the log: %w", l.ID, err)
		case found && there == l:
			return nil
		case found:
			return fmt.Errorf("%w (at revision %d of stream %s is event %s at position %d, where event %s at position %d was)",
				ErrWentBack, l.Revision, l.Stream, there.ID, there.Position, l.ID, l.Position)
		case !time.Now().Before(deadline):
			return fmt.Errorf("%w (stream %s ends before revision %d, where event %s at position %d was)",
				ErrWentBack, l.Stream, l.Revision, l.ID, l.Position)
		}
		if err := pause(ctx, askStep); err != nil {
			return err
		}
	}
}

// standing gives what stands in the place of the landmark now. It goes by stream and revision: to read the
// log of all events at a position means to know already that there is one.
func standing(ctx context.Context, log Store, l Landmark) (Landmark, bool, error) {
	for r, err := range log.ReadStream(ctx, l.Stream, l.Revision) {
		if err != nil {
			return Landmark{}, false, err
		}
		return r.Landmark(), true, nil
	}
	return Landmark{}, false, nil
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

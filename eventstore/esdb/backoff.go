package esdb

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

const (
	firstPause = 20 * time.Millisecond
	lastPause  = 2 * time.Second
)

// pauseAfter is how long to wait after so many failures in a row, none after none. Chance keeps many
// callers from coming back at the same moment.
func pauseAfter(failures int) time.Duration {
	if failures == 0 {
		return 0
	}
	pause := min(firstPause<<min(failures-1, 20), lastPause)
	return pause/2 + rand.N(pause/2)
}

// whyEnded is errSilent where a limit of ours has passed, so that callers take only their own deadlines
// for theirs; else it is the context's error.
func whyEnded(ctx context.Context) error {
	if cause := context.Cause(ctx); errors.Is(cause, errSilent) {
		return cause
	}
	return ctx.Err()
}

// pause waits after so many failures. Its error is that of ctx, or ErrClosed.
func (c *connection) pause(ctx context.Context, failures int) error {
	timer := time.NewTimer(pauseAfter(failures))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.closing:
		return ErrClosed
	}
}

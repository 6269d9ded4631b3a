package esdb

import (
	"context"
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

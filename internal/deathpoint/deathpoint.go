// Package deathpoint lets a test kill the ledger at a named point: between two steps that a loss of power could part.
//
// A process that was started with LEDGERD_DIE_AT=POINT or POINT:N ends, as by kill -9, when it passes that point for
// the Nth time. In every other process Pass does nothing and costs a comparison with nil.
package deathpoint

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
)

// Variable is the environment variable that names the point. It is read once, at the start.
const Variable = "LEDGERD_DIE_AT"

// Dying stands in what the process says last, followed by the name of the point.
const Dying = "this process dies on demand at point"

// appointment is the point at which this process is to die, and how many passes are left.
type appointment struct {
	point string
	left  atomic.Int64
}

var due = parse(os.Getenv(Variable))

func parse(text string) *appointment {
	if text == "" {
		return nil
	}
	a := &appointment{point: text}
	a.left.Store(1)
	if point, times, counted := strings.Cut(text, ":"); counted {
		if n, err := strconv.ParseInt(times, 10, 64); err == nil && n > 0 {
			a.point = point
			a.left.Store(n)
		}
	}
	return a
}

// Armed tells whether this process is to die at some point.
func Armed() bool { return due != nil }

// Pass ends the process if this is the point and the time. It MUST NOT have any other effect.
func Pass(point string) {
	if due == nil || due.point != point || due.left.Add(-1) != 0 {
		return
	}
	fmt.Fprintln(os.Stderr, Dying, point)
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill() // no deferred call runs, nothing is flushed
	}
	select {} // the signal is on its way
}

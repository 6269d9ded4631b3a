// Package deathpoint lets a test kill the ledger at a named point: between two steps that a loss of power could part.
//
// A process that was started with LEDGERD_DIE_AT=POINT or POINT:N ends, as by kill -9, when it passes that point for
// the Nth time. In every other process Pass does nothing and costs two comparisons with nil.
//
// With LEDGERD_SLEEP_AT=POINT:N it stops there, as by SIGSTOP, until it is told to go on by SIGCONT: so that others take
// over from it while it has something in its hands. Passes count towards its death only once it has woken up.
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

// SleepVariable is the environment variable that names the point at which a process stops for a while.
const SleepVariable = "LEDGERD_SLEEP_AT"

// Sleeping stands in what the process says before it stops, followed by the name of the point.
const Sleeping = "this process sleeps on demand at point"

// Dying stands in what the process says last, followed by the name of the point.
const Dying = "this process dies on demand at point"

// appointment is the point at which something is to happen to this process, and how many passes are left.
type appointment struct {
	point string
	left  atomic.Int64
	over  atomic.Bool
}

var due, nap = parse(os.Getenv(Variable)), parse(os.Getenv(SleepVariable))

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

// comes tells whether this is the point and the time.
func (a *appointment) comes(point string) bool { return a.point == point && a.left.Add(-1) == 0 }

// Armed tells whether this process is to die or to sleep at some point.
func Armed() bool { return due != nil || nap != nil }

// Pass ends or stops the process if this is the point and the time. It MUST NOT have any other effect.
func Pass(point string) {
	if nap != nil && !nap.over.Load() {
		if nap.comes(point) {
			fmt.Fprintln(os.Stderr, Sleeping, point)
			sleep()
			nap.over.Store(true)
		}
		return
	}
	if due == nil || !due.comes(point) {
		return
	}
	fmt.Fprintln(os.Stderr, Dying, point)
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill() // no deferred call runs, nothing is flushed
	}
	select {} // the signal is on its way
}

package esdbnode

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
)

// Faults make the node misbehave the way a real cluster sometimes does, so that what is built on it can be tested. Each
// fault happens a stated number of times and is over. Its methods may be called from any goroutine at any time.
type Faults struct {
	mu        sync.Mutex
	notLeader int
	leader    endpoint
	refuse    int
	delay     time.Duration
	loseReply int
	cutReads  int
	cutAfter  int
	happened  int
}

type endpoint struct {
	host string
	port int
}

func newFaults() *Faults { return &Faults{} }

// RefuseNotLeader makes the next calls, of every kind, answer that the leader is elsewhere. Clients then connect to
// host and port; the node's own address is a fine leader.
func (f *Faults) RefuseNotLeader(calls int, host string, port int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.notLeader, f.leader = calls, endpoint{host, port}
}

// RefuseUnavailable makes the next calls, of every kind, answer UNAVAILABLE before anything is done.
func (f *Faults) RefuseUnavailable(calls int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refuse = calls
}

// Delay makes every call wait before it is served, until Delay(0).
func (f *Faults) Delay(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.delay = d
}

// LoseAppendAnswers makes the next appends commit and answer DEADLINE_EXCEEDED all the same.
func (f *Faults) LoseAppendAnswers(appends int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.loseReply = appends
}

// CutReads makes each of the next reads and subscriptions end with UNAVAILABLE after it has sent so many events.
func (f *Faults) CutReads(reads, afterEvents int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cutReads, f.cutAfter = reads, afterEvents
}

// Clear ends every fault.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.notLeader, f.refuse, f.delay, f.loseReply, f.cutReads = 0, 0, 0, 0, 0
}

// Happened counts the calls that any fault has hit so far, so that a test can show that what it planned took place.
func (f *Faults) Happened() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.happened
}

// before is asked when a call has been received and nothing has been done for it.
func (f *Faults) before(ctx context.Context) error {
	f.mu.Lock()
	delay := f.delay
	if delay > 0 {
		f.happened++
	}
	f.mu.Unlock()
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.take(&f.notLeader):
		return notLeader(f.leader.host, f.leader.port)
	case f.take(&f.refuse):
		return &refusal{code: codes.Unavailable, message: "refused on demand"}
	}
	return nil
}

// afterCommit is asked when an append is durable and its answer not sent.
func (f *Faults) afterCommit() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.take(&f.loseReply) {
		return &refusal{code: codes.DeadlineExceeded, message: "answer lost on demand"}
	}
	return nil
}

// cut says after how many events a read that begins now has to break, and whether it has to.
func (f *Faults) cut() (int, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cutAfter, f.take(&f.cutReads)
}

func (f *Faults) take(left *int) bool {
	if *left == 0 {
		return false
	}
	*left--
	f.happened++
	return true
}

package audit

import (
	"sync"
	"time"

	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

// State is what a notary is doing.
type State string

// The closed set of states.
const (
	Starting State = "starting"
	Running  State = "running"
	Waiting  State = "waiting" // after a passing failure
	Standby  State = "standby" // another notary keeps the log
	Halted   State = "halted"  // until somebody sees to it
	Ended    State = "ended"
)

// Status is how a notary is.
type Status struct {
	State     State
	Size      int64     // leaves in the tree, signed or not
	Signed    int64     // leaves under the newest checkpoint
	SignedAt  time.Time // zero if nothing was signed by this process
	Lag       time.Duration
	Rate      float64 // leaves a second, lately
	Error     string  // what went wrong last
	FailedAt  time.Time
	Witnesses []WitnessStatus
}

// WitnessStatus is how things stand with a witness.
type WitnessStatus struct {
	Name     string
	URL      string
	Size     int64 // leaves under the newest checkpoint that it cosigned
	At       time.Time
	Error    string // why it didn't cosign the last time
	FailedAt time.Time
	// Alarm says that it refused because the log isn't an extension of what it saw before.
	Alarm bool
}

type notaryState struct {
	mu     sync.Mutex
	status Status
	since  time.Time // of the events that rate counts
	count  int
}

// rateSpan is over how long a rate is taken.
const rateSpan = 5 * time.Second

func (s *notaryState) begin(witnesses []Witness) {
	s.status.State = Starting
	for _, w := range witnesses {
		s.status.Witnesses = append(s.status.Witnesses, WitnessStatus{Name: w.Key.Name(), URL: w.URL})
	}
}

func (s *notaryState) change(do func(*Status)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do(&s.status)
}

func (s *notaryState) is(state State) { s.change(func(st *Status) { st.State = state }) }

func (s *notaryState) opens(signed proof.Signed, now time.Time) {
	s.change(func(st *Status) { st.State, st.Size, st.Signed = Running, signed.Size, signed.Size })
	s.since, s.count = now, 0
}

func (s *notaryState) halts(err error, now time.Time) {
	s.change(func(st *Status) { st.State, st.Error, st.FailedAt = Halted, err.Error(), now })
}

func (s *notaryState) fails(err error, now time.Time) {
	s.change(func(st *Status) { st.State, st.Error, st.FailedAt = Waiting, err.Error(), now })
}

func (s *notaryState) adds(n int, now time.Time) {
	s.change(func(st *Status) {
		st.Size += int64(n)
		s.count += n
		if span := now.Sub(s.since); span >= rateSpan {
			st.Rate, s.count, s.since = float64(s.count)/span.Seconds(), 0, now
		}
	})
}

// signs notes a signature; the lag is how long the oldest event under it had been waiting.
func (s *notaryState) signs(signed proof.Signed, now, oldest time.Time) {
	s.change(func(st *Status) {
		st.State, st.Signed, st.SignedAt = Running, signed.Size, now
		if !oldest.IsZero() {
			st.Lag = now.Sub(oldest)
		}
	})
}

func (s *notaryState) witness(i int, do func(*WitnessStatus)) {
	s.change(func(st *Status) { do(&st.Witnesses[i]) })
}

// Status tells how the notary is now.
func (n *Notary) Status() Status {
	n.state.mu.Lock()
	defer n.state.mu.Unlock()
	s := n.state.status
	s.Witnesses = append([]WitnessStatus(nil), s.Witnesses...)
	return s
}

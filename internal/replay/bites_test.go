package replay_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/replay"
)

// short is a ledger that was told the beginning of the tiny workload, and its log.
func short(t *testing.T) (*ledger, []eventstore.Recorded) {
	t.Helper()
	l := newLedger(t, vocabulary.Rules{})
	for _, line := range tiny(t)[:300] {
		l.say(line)
	}
	require.True(t, l.check(l.store, replay.Options{}).Same())
	return l, l.log()
}

// Ensure one changed byte anywhere in the data of any event is found, at that event.
func TestCheck_FindsAChangedByte(t *testing.T) {
	l, log := short(t)
	chance := rand.New(rand.NewPCG(2, 2))
	for range 150 {
		victim := log[chance.IntN(len(log))]
		at, flip := chance.IntN(len(victim.Data)), byte(1<<chance.IntN(7))
		report := l.check(forged{l.store, func(r *eventstore.Recorded) bool {
			if r.ID == victim.ID {
				r.Data[at] ^= flip
			}
			return true
		}}, replay.Options{})
		require.False(t, report.Same(), "byte %d of %s: %s", at, victim.Type, victim.Data)
		require.True(t, slices.ContainsFunc(report.Differences, func(d replay.Difference) bool { return d.EventID == victim.ID }),
			"byte %d of %s: %s\n%s", at, victim.Type, victim.Data, report)
	}
}

// Ensure what the metadata says of a decision can't be changed: on what it stood, what part an event is of
// its command, whose it is.
func TestCheck_FindsChangedMetadata(t *testing.T) {
	l, log := short(t)
	for name, change := range map[string]func(*eventstore.Metadata) bool{
		"a later basis":      func(m *eventstore.Metadata) bool { return onBasis(m, func(b *eventstore.Basis) { b.Revision++ }) },
		"another basis":      func(m *eventstore.Metadata) bool { return onBasis(m, func(b *eventstore.Basis) { b.Stream += "x" }) },
		"an abandoned claim": func(m *eventstore.Metadata) bool { return onBasis(m, func(b *eventstore.Basis) { b.Abandoned = true }) },
		"less basis":         func(m *eventstore.Metadata) bool { m.Basis = m.Basis[:max(0, len(m.Basis)-1)]; return true },
		"more basis": func(m *eventstore.Metadata) bool {
			m.Basis = append(m.Basis, eventstore.Basis{Stream: "mpn-1", Revision: eventstore.NoStream})
			return true
		},
		"another part":         func(m *eventstore.Metadata) bool { m.Part++; return true },
		"more parts":           func(m *eventstore.Metadata) bool { m.Parts++; return true },
		"another provider":     func(m *eventstore.Metadata) bool { m.Provider += "x"; return true },
		"another command id":   func(m *eventstore.Metadata) bool { m.CausationID = "7d9ad7b6-2ef8-4f24-b0a1-3d1f4ee54a20"; return true },
		"another role table":   func(m *eventstore.Metadata) bool { m.Policy = "none"; return true },
		"a role without right": func(m *eventstore.Metadata) bool { m.Actor.Role = domain.Auditor; return true },
	} {
		chance := rand.New(rand.NewPCG(3, 3))
		found := 0
		for range 12 {
			victim := log[chance.IntN(len(log))]
			changed, ok := rewritten(t, victim, change)
			if !ok {
				continue
			}
			report := l.check(forged{l.store, func(r *eventstore.Recorded) bool {
				if r.ID == victim.ID {
					r.Metadata = changed
				}
				return true
			}}, replay.Options{})
			require.False(t, report.Same(), "%s: %s", name, victim.Metadata)
			found++
		}
		require.Positive(t, found, name)
	}
}

// onBasis changes the last stream of the basis, if there is any.
func onBasis(m *eventstore.Metadata, change func(*eventstore.Basis)) bool {
	if len(m.Basis) == 0 {
		return false
	}
	change(&m.Basis[len(m.Basis)-1])
	return true
}

func rewritten(t *testing.T, r eventstore.Recorded, change func(*eventstore.Metadata) bool) ([]byte, bool) {
	t.Helper()
	var m eventstore.Metadata
	require.NoError(t, json.Unmarshal(r.Metadata, &m))
	if !change(&m) {
		return nil, false
	}
	changed, err := json.Marshal(m)
	require.NoError(t, err)
	return changed, !bytes.Equal(changed, r.Metadata)
}

// Ensure an event that is missing is found, wherever another one of its stream or of its append follows.
func TestCheck_FindsAMissingEvent(t *testing.T) {
	l, log := short(t)
	last := map[string]eventstore.Revision{}
	for _, r := range log {
		last[r.Stream] = r.Revision
	}
	chance := rand.New(rand.NewPCG(4, 4))
	tried := 0
	for tried < 60 {
		victim := log[chance.IntN(len(log))]
		if victim.Revision == last[victim.Stream] {
			continue
		}
		tried++
		report := l.check(forged{l.store, func(r *eventstore.Recorded) bool { return r.ID != victim.ID }}, replay.Options{})
		require.False(t, report.Same(), "%s revision %d", victim.Stream, victim.Revision)
	}
}

// Ensure a name without its claim is found, and an acceptance without its partnership is told.
func TestCheck_FindsAHalfDoneCommand(t *testing.T) {
	l, log := short(t)
	drop := func(eventType string, nth int) replay.Report {
		var victim eventstore.Recorded
		for _, r := range log {
			if r.Type == eventType {
				if victim = r; nth == 0 {
					break
				}
				nth--
			}
		}
		require.NotEmpty(t, victim.Stream)
		return l.check(forged{l.store, func(r *eventstore.Recorded) bool { return r.ID != victim.ID }}, replay.Options{})
	}
	require.Contains(t, drop("DomainClaimed", 3).String(), "the log holds no such claim")
	accepted := drop("PartnershipAccepted", 0)
	require.Equal(t, 1, accepted.Unfinished)
	require.False(t, accepted.Same(), "others were decided on that partnership")
}

// Ensure other rules are noticed at each decision that they make otherwise, and at no other.
func TestCheck_FindsAnotherRule(t *testing.T) {
	l := played(t)
	changed := 0
	for _, r := range l.log() {
		if r.Type == "QuantityChanged" {
			changed++
		}
	}
	require.Positive(t, changed)
	other := func(p vocabulary.Policy) eventstore.Decide {
		return func(f *domain.Facts, in domain.Intent) (domain.Decision, error) {
			d, err := vocabulary.Rules{Policy: p}.Decide(f, in)
			if _, ok := in.Command.(customer.ChangeQuantity); ok && err == nil && len(d.Events) > 0 {
				return domain.Decision{}, domain.Refuse(domain.QuantityOutOfRange)
			}
			return d, err
		}
	}
	report := l.check(l.store, replay.Options{Rules: other})
	require.Equal(t, changed, report.Differing)
	require.Len(t, report.Differences, min(changed, 100), "they are told up to a limit")
	for _, d := range report.Differences {
		require.Equal(t, "the rules refuse it: quantity-out-of-range", d.What)
	}
}

// Ensure a refusal with another sentence or code is found.
func TestCheck_FindsAnotherRefusal(t *testing.T) {
	l := played(t)
	for _, change := range [][2]string{{`"sentence":"`, `"sentence":"Please. `}, {`"code":"wrong-tenant"`, `"code":"role-not-permitted"`}} {
		report := l.check(forged{l.store, func(r *eventstore.Recorded) bool {
			r.Data = []byte(strings.Replace(string(r.Data), change[0], change[1], 1))
			return true
		}}, replay.Options{})
		require.Contains(t, report.String(), "CommandRefused", change)
		require.False(t, report.Same())
	}
}

// Ensure what was recorded before commands were kept is read, counted as not replayable, and never as replayed.
func TestCheck_BeforeCommandsWereKept(t *testing.T) {
	l := played(t)
	report := l.check(forged{l.store, func(r *eventstore.Recorded) bool {
		r.Metadata, _ = rewritten(t, *r, func(m *eventstore.Metadata) bool { m.Command.Data = nil; return true })
		return true
	}}, replay.Options{})
	require.Empty(t, report.Differences)
	require.Less(t, report.Decisions, 50, "only consequences of facts, which need no command")
	require.Equal(t, report.Events, report.NotKept+report.Compared)
	require.Contains(t, report.String(), "were recorded before commands were kept: they can't be replayed")
}

// Ensure a log that can't be read to its end gives an error, and no report that looks like one.
func TestCheck_BrokenLog(t *testing.T) {
	l := played(t)
	broken := errors.New("broken")
	_, err := replay.Check(t.Context(), breaking{l.store, 700, broken}, replay.Options{Keys: l.keys})
	require.ErrorIs(t, err, broken)
	ctx, cancel := context.WithCancel(t.Context())
	_, err = replay.Check(ctx, l.store, replay.Options{Keys: l.keys, Progress: func(p replay.Progress) {
		if p.Events > 1000 {
			cancel()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
}

// breaking is a log that breaks after so many events.
type breaking struct {
	eventstore.Store
	after int
	err   error
}

func (b breaking) ReadAll(ctx context.Context, from eventstore.Position) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		n := 0
		for r, err := range b.Store.ReadAll(ctx, from) {
			if n++; n > b.after {
				yield(eventstore.Recorded{}, b.err)
				return
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

package readmodels

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/upkeep"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/audit/proof"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
)

// verdicts are what was said of each read model, with the tables that differ.
func verdicts(r Report) map[string]string {
	said := map[string]string{}
	for _, h := range r.Held {
		said[h.Projection] = string(h.Verdict)
		for _, t := range h.Tables {
			said[h.Projection] += " " + t.Table
		}
	}
	return said
}

func printed(t *testing.T, r Report) string {
	t.Helper()
	var out strings.Builder
	require.NoError(t, r.Print(&out))
	return out.String()
}

var untouched = map[string]string{"outcomes": "same", "partners": "same", "customers": "same", "subscriptions": "same", "credit": "same", "timeline": "same"}

// Ensure read models that nobody touched are found to be as they were sealed: on each database, made by one projector
// or by two that share the work, and from the log as an auditor takes it away, where positions are others. The check
// itself makes them in SQLite, in one go; so the digest is the same in every database.
func TestCheck_FindsWhatNobodyTouchedUntouched(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		for name, ranges := range map[string][]projections.Range{"one projector": nil, "two": {{First: 0, Last: 6}, {First: 7, Last: 15}}} {
			t.Run(name, func(t *testing.T) {
				l := newLedger(t, inSchemaOf(t, url), ranges...)
				l.play(0, 2000, quietly)
				l.settle()
				l.sealAll()
				report := l.check(Options{})
				require.Equal(t, untouched, verdicts(report))
				require.True(t, report.Same())
				require.Regexp(t, `6 read models made again of \d{4} events out of \d{4} in the log: 6 seals are right, 0 differ\n$`, printed(t, report))
				for _, h := range report.Held {
					require.Greater(t, h.Rows, int64(50), h.Projection)
				}

				exported, err := Check(t.Context(), Folder{l.exported(func(seq int, line []byte) []byte { return line })}, all(), Options{})
				require.NoError(t, err)
				require.Equal(t, untouched, verdicts(exported))
			})
		}
	})
}

// inSchemaOf is another empty database of the same kind.
func inSchemaOf(t *testing.T, url string) string {
	if strings.HasPrefix(url, "sqlite") {
		return sqldbtest.SQLite(t)
	}
	return sqldbtest.Postgres(t)
}

// exported is the log as files, 100 events in each.
func (l *ledger) exported(change func(seq int, line []byte) []byte) fstest.MapFS {
	files, seq := fstest.MapFS{}, 0
	for r, err := range l.log.ReadAll(l.t.Context(), eventstore.Beginning) {
		require.NoError(l.t, err)
		line, err := proof.Event{Seq: uint64(seq), Stream: r.Stream, Revision: int64(r.Revision), ID: r.ID.String(), Type: r.Type, Data: r.Data, Metadata: r.Metadata}.Line()
		require.NoError(l.t, err)
		name := fmt.Sprintf("events/%012d.jsonl", seq/100*100)
		if files[name] == nil {
			files[name] = &fstest.MapFile{}
		}
		files[name].Data = append(files[name].Data, change(seq, line)...)
		seq++
	}
	return files
}

// Ensure a row that somebody changed in the database is found, in the read model and the table in which it is, however
// little it is, and that nothing else is said to differ.
func TestCheck_FindsWhatWasChangedByHand(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		for statement, want := range map[string][2]string{
			`UPDATE timeline SET user_name = 'nobody@northwind.example' WHERE seq = 1000`:                                   {"timeline", "timeline"},
			`UPDATE timeline SET reason = '' WHERE seq = (SELECT MIN(seq) FROM timeline WHERE reason IS NULL)`:              {"timeline", "timeline"},
			`DELETE FROM timeline_owners WHERE mpn_id = (SELECT MIN(mpn_id) FROM timeline_owners)`:                          {"timeline", "timeline_owners"},
			`UPDATE credit_intervals SET since = since + 1 WHERE opened_by = (SELECT MIN(opened_by) FROM credit_intervals)`: {"credit", "credit_intervals"},
			`UPDATE partnerships SET until = NULL`:                                                                          {"partners", "partnerships"},
			`INSERT INTO partner_agreements VALUES ('r', 'Europe', 1, 1, 1)`:                                                {"partners", "partner_agreements"},
			`DELETE FROM outcomes WHERE status = 'refused'`:                                                                 {"outcomes", "outcomes"},
		} {
			t.Run(want[1], func(t *testing.T) {
				l := newLedger(t, inSchemaOf(t, url))
				l.play(0, 2000, quietly)
				l.settle()
				require.NoError(t, l.db.Write(t.Context(), func(tx *sqldb.Tx) error {
					result, err := tx.Exec(t.Context(), statement)
					require.NoError(t, err)
					changed, err := result.RowsAffected()
					require.NoError(t, err)
					require.Positive(t, changed)
					return nil
				}))
				l.sealAll()
				report := l.check(Options{})
				differing := map[string]string{}
				for name, verdict := range untouched {
					differing[name] = verdict
				}
				differing[want[0]] = "differs " + want[1]
				require.Equal(t, differing, verdicts(report))
				require.False(t, report.Same())
				require.Contains(t, printed(t, report), "5 seals are right, 1 differ")
				require.Contains(t, printed(t, report), "in table "+want[1]+", sealed with ")
			})
		}
	})
}

// Ensure a digest taken while events are applied is of exactly the events that it says, wherever that is: also where two
// projectors share a read model, of which each goes its own pace.
func TestDigests_AreOfOnePlaceWhileEventsFlow(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		t.Run("one projector", func(t *testing.T) { digestsWhileEventsFlow(t, inSchemaOf(t, url)) })
		t.Run("two", func(t *testing.T) {
			digestsWhileEventsFlow(t, inSchemaOf(t, url), projections.Range{First: 0, Last: 6}, projections.Range{First: 7, Last: 15})
		})
	})
}

func digestsWhileEventsFlow(t *testing.T, url string, ranges ...projections.Range) {
	l := newLedger(t, url, ranges...)
	l.play(0, 200, quietly)
	l.settle()
	taken := make(chan []projections.Digest, 10_000)
	stop, ended := make(chan struct{}), make(chan error, 1)
	var reached atomic.Uint64
	go func() {
		for {
			digests, err := l.models.Digests(t.Context(), names()...)
			if err == nil {
				taken <- digests
				reached.Store(digests[0].Events)
			}
			select {
			case <-stop:
				ended <- err
				return
			default:
			}
			if err != nil {
				ended <- err
				return
			}
		}
	}()
	l.play(200, 2000, func(line int) {
		if line%150 == 0 { // wait for one to be taken farther on
			before := reached.Load()
			require.Eventually(t, func() bool { return reached.Load() > before }, 30*time.Second, time.Millisecond)
		}
	})
	l.settle()
	close(stop)
	require.NoError(t, <-ended)
	close(taken)
	last, places := map[string]uint64{}, map[uint64]bool{}
	for digests := range taken {
		for _, d := range digests {
			if len(ranges) == 0 {
				require.Equal(t, digests[0].Events, d.Events, "they are of one snapshot, and one transaction moves them all")
			}
			if last[d.Name] != d.Events {
				last[d.Name] = d.Events
				places[d.Events] = true
				l.seal(d, asItIs)
			}
		}
	}
	require.Greater(t, len(places), 8)
	report := l.check(Options{Every: true})
	for _, h := range report.Held {
		require.Equal(t, Same, h.Verdict, "%s as of %d events: %s %v", h.Projection, h.Seal.Events, h.Why, h.Tables)
	}
}

// Ensure a seal isn't believed what it says of the log, and that what can't be compared isn't said to be right.
func TestCheck_BelievesNoSeal(t *testing.T) {
	l := newLedger(t, sqldbtest.SQLite(t))
	_, err := Check(t.Context(), l.log, all(), Options{})
	require.ErrorIs(t, err, ErrNoSeals)
	l.play(0, 300, quietly)
	l.settle()
	held := map[string]projections.Digest{}
	for _, d := range l.digests() {
		held[d.Name] = d
	}
	l.seal(held["timeline"], func(s *upkeep.Seal) { s.Events = 1_000_000 })
	l.seal(held["credit"], func(s *upkeep.Seal) { s.EventID = uuid.NewString() })
	l.seal(held["partners"], func(s *upkeep.Seal) { s.Version++ })
	l.seal(held["customers"], func(s *upkeep.Seal) { s.Schema = "another" })
	l.seal(held["outcomes"], func(s *upkeep.Seal) { s.Projection = "lunch" })
	report := l.check(Options{})
	require.Equal(t, map[string]string{"timeline": "differs", "credit": "differs", "partners": "unknown", "customers": "unknown", "lunch": "unknown"}, verdicts(report))
	require.Equal(t, []string{"outcomes", "subscriptions"}, report.Unsealed)
	require.False(t, report.Same())
	text := printed(t, report)
	for _, why := range []string{"it claims to be of 1000000 events, and only", "and it was sealed as of event", "use the ledgerd of then, or seal anew",
		"made by another schema", "this program has no such read model", "never sealed: outcomes, subscriptions", "3 can't be made by this program"} {
		require.Contains(t, text, why)
	}

	l.seal(held["credit"], asItIs) // the last one counts
	require.Equal(t, "same", verdicts(l.check(Options{}))["credit"])
	require.Equal(t, 1, l.check(Options{Every: true}).count(Same))
	require.Equal(t, 2, l.check(Options{Every: true}).count(Differs))
}

// Ensure an event changed in the log, and not in the read model, is a difference too; and one that is missing an error.
func TestCheck_NoticesAnotherLog(t *testing.T) {
	l := newLedger(t, sqldbtest.SQLite(t))
	l.play(0, 300, quietly)
	l.settle()
	l.sealAll()
	changed := l.exported(func(_ int, line []byte) []byte { return line })
	swapped, err := Check(t.Context(), Folder{changed}, all(), Options{})
	require.NoError(t, err)
	require.True(t, swapped.Same())
	other := l.exported(func(seq int, line []byte) []byte {
		e, err := proof.ParseEvent(line)
		require.NoError(t, err)
		e.Metadata = []byte(strings.Replace(string(e.Metadata), "@northwind", "@southwind", 1))
		again, err := e.Line()
		require.NoError(t, err)
		return again
	})
	report, err := Check(t.Context(), Folder{other}, all(), Options{})
	require.NoError(t, err)
	require.Equal(t, "differs timeline", verdicts(report)["timeline"])
	_, err = Check(t.Context(), Folder{l.exported(func(seq int, line []byte) []byte {
		if seq == 105 {
			return nil
		}
		return line
	})}, all(), Options{})
	require.ErrorContains(t, err, "event 106 stands where event 105 was due")
	_, err = Check(t.Context(), Folder{fstest.MapFS{}}, all(), Options{})
	require.ErrorContains(t, err, "ledger evidence --whole")
}

// Ensure an event that was skipped on record is passed over here as well, and that one which can't be applied is said
// to be in the way.
func TestCheck_PassesOverWhatWasSkipped(t *testing.T) {
	l := newLedger(t, sqldbtest.SQLite(t))
	l.play(0, 100, quietly)
	l.settle()
	poison := uuid.New()
	_, err := l.log.Append(t.Context(), "lunch-1", eventstore.NoStream, eventstore.Proposed{ID: poison, Type: "LunchEaten", Data: []byte(`{}`), Metadata: []byte(`{}`)})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		all, err := l.models.Status(t.Context(), eventstore.Start)
		require.NoError(t, err)
		return !slices.ContainsFunc(all, func(s projections.Status) bool { return s.State != projections.Stopped })
	}, 30*time.Second, time.Millisecond)
	stopped := l.digests()
	require.Equal(t, untouched, func() map[string]string { l.sealAll(); return verdicts(l.check(Options{})) }(), "as of where they stand still")

	d := stopped[5]
	d.Events, d.Last = d.Events+1, eventstore.Landmark{ID: poison}
	l.seal(d, asItIs)
	report := l.check(Options{})
	require.Contains(t, printed(t, report), "it can't be made of these events: event "+poison.String())
	_, err = l.handler.Handle(t.Context(), eventstore.Request{Digest: "skip", Intent: domain.Intent{ID: domain.CommandID(uuid.NewString()), At: domain.InstantOf(time.Now()),
		Actor: domain.Actor{UserPrincipalName: "kim@operators.example", Role: upkeep.Operator}, Command: upkeep.SkipProjectionEvent{
			Projection: "timeline", EventID: poison.String(), EventType: "LunchEaten", Reason: "by hand", StandsAt: poison.String()}}})
	require.NoError(t, err)
	require.Equal(t, untouched, verdicts(l.check(Options{})), "as of the event that is passed over")
}

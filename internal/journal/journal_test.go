package journal_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/internal/journal"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
)

func open(t *testing.T, url string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(t.Context(), sqldbtest.Open(t, url), time.Now)
	require.NoError(t, err)
	return j
}

func line(n int64, id string, at domain.Instant, digest, status, code string) journal.Line {
	return journal.Line{Line: n, CommandID: domain.CommandID(id), Type: "PlaceOrder", At: at, Digest: digest, Status: status, Code: code}
}

// Ensure repeated lines are counted again and refused ones listed again, and only up to the time asked about.
func TestJournal_Counts(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		j := open(t, url)
		require.NoError(t, j.Begin(t.Context(), "file", "file.jsonl"))
		require.NoError(t, j.Append(t.Context(), "file", []journal.Line{
			line(1, "a", 10, "x", "accepted", ""),
			line(2, "b", 20, "y", "refused", "domain-taken"),
			line(3, "b", 30, "y", "refused", "domain-taken"),      // said again
			line(4, "a", 40, "z", "refused", "command-id-reused"), // another command
		}))
		c, err := j.Counts(t.Context(), 40)
		require.NoError(t, err)
		require.Equal(t, journal.Counts{Commands: 4, Accepted: 1, Refused: 3, Repeated: 1}, c)
		c, err = j.Counts(t.Context(), 20)
		require.NoError(t, err)
		require.Equal(t, journal.Counts{Commands: 2, Accepted: 1, Refused: 1}, c)
		refused, err := j.Refused(t.Context(), 30)
		require.NoError(t, err)
		require.Equal(t, []journal.RefusedLine{{Line: 2, CommandID: "b", Code: "domain-taken"}, {Line: 3, CommandID: "b", Code: "domain-taken"}}, refused)
		last, any, err := j.LastAt(t.Context())
		require.NoError(t, err)
		require.True(t, any)
		require.Equal(t, domain.Instant(40), last)
	})
}

// Ensure what other content under a known id is: never a repetition, also said twice; and that a command
// said again in another submission is one.
func TestJournal_Repeated(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		j := open(t, url)
		require.NoError(t, j.Begin(t.Context(), "z, the first", "a.jsonl"))
		require.NoError(t, j.Begin(t.Context(), "a, the second", "b.jsonl"))
		require.NoError(t, j.Append(t.Context(), "a, the second", []journal.Line{line(1, "a", 15, "x", "accepted", "")}))
		require.NoError(t, j.Append(t.Context(), "z, the first", []journal.Line{
			line(1, "a", 10, "x", "accepted", ""),
			line(2, "a", 20, "y", "refused", "command-id-reused"),
			line(3, "a", 30, "y", "refused", "command-id-reused"),
		}))
		c, err := j.Counts(t.Context(), 30)
		require.NoError(t, err)
		require.Equal(t, journal.Counts{Commands: 4, Accepted: 2, Refused: 2, Repeated: 1}, c)
		c, err = j.Counts(t.Context(), 10)
		require.NoError(t, err)
		require.Equal(t, journal.Counts{Commands: 1, Accepted: 1}, c, "the first submission isn't the one repeated")
		refused, err := j.Refused(t.Context(), 30)
		require.NoError(t, err)
		require.Equal(t, []int64{2, 3}, []int64{refused[0].Line, refused[1].Line})
		found, err := j.Submissions(t.Context(), "")
		require.NoError(t, err)
		require.Equal(t, []string{"a, the second", "z, the first"}, []string{found[0].ID, found[1].ID})
	})
}

// Ensure a file submitted again after a break counts once, and a failed line gets its second outcome.
func TestJournal_SubmittedAgain(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		j := open(t, url)
		for range 2 {
			require.NoError(t, j.Begin(t.Context(), "file", "file.jsonl"))
			require.NoError(t, j.Append(t.Context(), "file", []journal.Line{line(1, "a", 10, "x", "accepted", "")}))
		}
		require.NoError(t, j.Append(t.Context(), "file", []journal.Line{line(2, "b", 20, "y", "failed", "unavailable")}))
		c, err := j.Counts(t.Context(), 20)
		require.NoError(t, err)
		require.Equal(t, journal.Counts{Commands: 1, Accepted: 1}, c)
		require.NoError(t, j.Append(t.Context(), "file", []journal.Line{line(2, "b", 20, "y", "accepted", "")}))
		require.NoError(t, j.Append(t.Context(), "file", []journal.Line{line(2, "b", 20, "y", "refused", "domain-taken")}))
		found, err := j.Submissions(t.Context(), "file")
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.Equal(t, int64(2), found[0].Accepted)
		require.Equal(t, int64(2), found[0].LastLine)
	})
}

// Ensure lines of many callers are all there once their calls return.
func TestJournal_ManyCallers(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		j := open(t, url)
		var all sync.WaitGroup
		for i := range 64 {
			all.Go(func() {
				for k := range 20 {
					if err := j.Single(t.Context(), line(1, fmt.Sprintf("%d-%d", i, k), 1, "x", "accepted", "")); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		c, err := j.Counts(t.Context(), 1)
		require.NoError(t, err)
		require.Equal(t, int64(64*20), c.Accepted)
	})
}

package main

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/journal"
)

// contents is all that a daemon that has ended left behind, but for what differs each time by nature:
// personal texts are opened, and positions, which are byte offsets and grow with each start of the event
// store, are the numbers of events instead.
type contents struct {
	events   []string
	ids      map[string]int
	numbers  map[string]int // of events, by their position as text
	rows     []string       // of all read models, and their checkpoints
	journal  []string
	counts   journal.Counts
	claiming map[string]bool // commands that claimed a name before their fact
	reacting map[string]bool // commands of which a fact had one in another stream follow
}

// contentsOf opens a data directory with the daemon's own parts.
func contentsOf(t *testing.T, dir string) contents {
	t.Helper()
	config, err := parse([]string{"--data", dir}, func(string) string { return "" })
	require.NoError(t, err)
	l := &ledger{config: config, log: slog.New(slog.DiscardHandler)}
	defer func() { require.NoError(t, l.close()) }()
	require.NoError(t, errors.Join(l.openStore(t.Context()), l.openModels(t.Context()), l.openJournal(t.Context())))
	c := contents{ids: map[string]int{}, numbers: map[string]int{}, claiming: map[string]bool{}, reacting: map[string]bool{}}
	c.readLog(t, l)
	c.rows = c.numbered(t, opened(t, l, dump(t, l)))
	journalRows, err := l.journal.Refused(t.Context(), math.MaxInt64)
	require.NoError(t, err)
	for _, r := range journalRows {
		c.journal = append(c.journal, fmt.Sprint(r))
	}
	c.counts, err = l.journal.Counts(t.Context(), math.MaxInt64)
	require.NoError(t, err)
	return c
}

// readLog keeps each event in full but for the time at which it was written.
func (c *contents) readLog(t *testing.T, l *ledger) {
	t.Helper()
	sealed, clear := eventstore.NewCodec(vocabulary.Events(), l.keys), eventstore.NewCodec(vocabulary.Events(), inClear{})
	for r, err := range l.store.ReadAll(t.Context(), eventstore.Beginning) {
		require.NoError(t, err)
		fact, meta, err := sealed.Decode(r)
		require.NoError(t, err)
		again, err := clear.Encode(r.ID, fact, meta)
		require.NoError(t, err)
		c.numbers[fmt.Sprint(int64(r.Position))] = len(c.events)
		c.events = append(c.events, fmt.Sprintf("%s@%d %s %s of %d bytes %s %s", r.Stream, r.Revision, r.Type, r.ID, len(r.Data), again.Data, sealedAnew.ReplaceAll(r.Metadata, []byte(`:sealed"`))))
		c.ids[r.ID.String()]++
		if _, ok := fact.(domain.Claim); ok {
			c.claiming[string(meta.CausationID)] = true
		}
		if _, ok := vocabulary.React(fact); ok {
			c.reacting[string(meta.CausationID)] = true
		}
	}
}

// inClear writes personal texts as they are, and nothing for those that were forgotten.
type inClear struct{ eventstore.Sealer }

func (inClear) Seal(subject, _, clear string) (string, error) { return subject + "=" + clear, nil }

// dump is every table that a read model made.
func dump(t *testing.T, l *ledger) string {
	t.Helper()
	text, err := l.db.Dump(t.Context(), append(tablesOf(t, l), "projection_checkpoints")...)
	require.NoError(t, err)
	return text
}

// tablesOf are those that the read models made.
func tablesOf(t testing.TB, l *ledger) (tables []string) {
	t.Helper()
	rows, err := l.db.Query(t.Context(), "SELECT tables FROM projection_checkpoints WHERE build = 'live' AND first_partition = 0 ORDER BY name")
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var made string
		require.NoError(t, rows.Scan(&made))
		tables = append(tables, strings.Fields(made)...)
	}
	require.NoError(t, rows.Err())
	require.Greater(t, len(tables), 20)
	return tables
}

// sealedText is a sealed text with its binding, as read models keep it.
var sealedText = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}/[^ "\\]+ [^ "\\]+:[A-Za-z0-9_-]{20,}`)

// opened replaces sealed texts by what they say, or by the fact that they can't be read any more.
func opened(t *testing.T, l *ledger, text string) string {
	t.Helper()
	return sealedText.ReplaceAllStringFunc(text, func(sealed string) string {
		ref, err := eventstore.ParseSealedRef(sealed)
		require.NoError(t, err)
		clear, err := ref.Open(l.keys)
		if errors.Is(err, eventstore.ErrForgotten) {
			return ref.Binding + " forgotten"
		}
		require.NoError(t, err)
		return ref.Binding + " " + clear
	})
}

// numbered gives the rows of a dump, each with its table, with numbers of events for positions.
func (c *contents) numbered(t *testing.T, text string) (rows []string) {
	t.Helper()
	var table string
	var columns []string
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if cells[0] != "" {
			table, columns = cells[0], strings.Split(strings.TrimSuffix(cells[0], ")"), ", ")
			continue
		}
		for i, name := range columns {
			if strings.HasSuffix(name, "position") && cells[i+1] != "NULL" {
				number, known := c.numbers[cells[i+1]]
				require.True(t, known, "%s: there is no event at position %s", table, cells[i+1])
				cells[i+1] = fmt.Sprint("event ", number)
			}
		}
		rows = append(rows, table+strings.Join(cells, "\t"))
	}
	slices.Sort(rows)
	return rows
}

// sameText names the first entry that differs; a whole diff of a log would hide it.
func sameText(t *testing.T, what string, want, got []string) {
	t.Helper()
	for i := range min(len(want), len(got)) {
		require.Equal(t, want[i], got[i], "%s %d", what, i)
	}
	require.Len(t, got, len(want), "%ss in all", what)
}

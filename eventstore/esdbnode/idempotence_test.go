package esdbnode

import (
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/stretchr/testify/require"
)

// Ensure that repeating an append is answered as the first time, and that nearly repeating it is a conflict; neither
// writes anything. The cases are the rules of EventStoreDB, one by one.
func TestAppend_Idempotence(t *testing.T) {
	var (
		any    = esdb.Any{}
		exists = esdb.StreamExists{}
		none   = esdb.NoStream{}
	)
	cases := []struct {
		name string
		// before are the appends that made the stream, all with any.
		before   [][]string
		expected esdb.ExpectedRevision
		events   []string
		// revision is that of the answer, -1 for a conflict; written says whether the events are new.
		revision int
		written  bool
	}{
		{"any: all known", [][]string{{"a", "b"}}, any, []string{"a", "b"}, 1, false},
		{"any: the first ones of a longer append", [][]string{{"a", "b", "c"}}, any, []string{"a", "b"}, 1, false},
		{"any: known from two appends", [][]string{{"a"}, {"b"}}, any, []string{"a", "b"}, 1, false},
		{"any: known in another order", [][]string{{"a", "b"}}, any, []string{"b", "a"}, 0, false},
		{"any: from the middle", [][]string{{"a", "b", "c"}}, any, []string{"b"}, 1, false},
		{"any: known, then unknown", [][]string{{"a"}}, any, []string{"a", "b"}, -1, false},
		{"any: unknown, then known", [][]string{{"a"}}, any, []string{"b", "a"}, 2, true},
		{"any: known in another stream only", nil, any, []string{"other"}, 0, true},
		{"exists: all known", [][]string{{"a", "b"}}, exists, []string{"a", "b"}, 1, false},
		{"exists: known, then unknown", [][]string{{"a"}}, exists, []string{"a", "b"}, -1, false},
		{"no stream: all equal", [][]string{{"a", "b"}}, none, []string{"a", "b"}, 1, false},
		{"no stream: the first ones", [][]string{{"a", "b"}}, none, []string{"a"}, 0, false},
		{"no stream: more than there is", [][]string{{"a"}}, none, []string{"a", "b"}, -1, false},
		{"no stream: first differs", [][]string{{"a"}}, none, []string{"x"}, -1, false},
		{"no stream: later differs", [][]string{{"a", "b"}}, none, []string{"a", "x"}, -1, false},
		{"revision: equal after it", [][]string{{"a", "b", "c"}}, esdb.Revision(0), []string{"b", "c"}, 2, false},
		{"revision: the next one only", [][]string{{"a", "b", "c"}}, esdb.Revision(0), []string{"b"}, 1, false},
		{"revision: known elsewhere in the stream", [][]string{{"a", "b", "c"}}, esdb.Revision(0), []string{"c"}, -1, false},
		{"revision: the last, known id is written again", [][]string{{"a", "b"}}, esdb.Revision(1), []string{"a"}, 2, true},
		{"revision: beyond the last", [][]string{{"a"}}, esdb.Revision(1), []string{"a"}, -1, false},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			n := memoryNode(t)
			c := connect(t, n)
			write(t, c, "another", any, event("other"))
			for _, names := range tc.before {
				write(t, c, "s", any, events(names...)...)
			}
			before := readAll(t, c, esdb.ReadAllOptions{}, 100)
			if tc.revision < 0 {
				require.Equal(t, esdb.ErrorCodeWrongExpectedVersion, refused(t, c, "s", tc.expected, events(tc.events...)...))
			} else {
				done := write(t, c, "s", tc.expected, events(tc.events...)...)
				require.EqualValues(t, tc.revision, done.NextExpectedVersion)
				at := readStream(t, c, "s", esdb.ReadStreamOptions{From: esdb.Revision(uint64(tc.revision))}, 1)
				require.Equal(t, at[0].Event.Position.Commit, done.CommitPosition)
			}
			if tc.written {
				require.Len(t, readAll(t, c, esdb.ReadAllOptions{}, 100), len(before)+len(tc.events))
			} else {
				require.Equal(t, before, readAll(t, c, esdb.ReadAllOptions{}, 100))
			}
		})
	}
}

// Ensure that repeats are recognised after a restart as well, for every kind of expectation.
func TestAppend_IdempotentAfterRestart(t *testing.T) {
	dir := t.TempDir()
	n, err := Start(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	first := write(t, connect(t, n), "s", esdb.NoStream{}, events("a", "b")...)
	require.NoError(t, n.Close())

	c := connect(t, startNode(t, Options{Dir: dir}))
	for _, expected := range []esdb.ExpectedRevision{esdb.Any{}, esdb.StreamExists{}, esdb.NoStream{}} {
		again := write(t, c, "s", expected, events("a", "b")...)
		require.Equal(t, first, again)
	}
	require.Len(t, readAll(t, c, esdb.ReadAllOptions{}, 100), 2)
}

// Ensure that of the same append sent by many callers at once exactly one is written, and all get the same answer.
func TestAppend_IdempotentWhileInFlight(t *testing.T) {
	n := startNode(t, Options{Dir: t.TempDir()})
	c := connect(t, n)
	for round := range 20 {
		list := numbered(string(rune('a'+round)), 3)
		answers := make(chan *esdb.WriteResult, 8)
		for range cap(answers) {
			go func() {
				result, _ := c.AppendToStream(bounded(t), "s", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, list...)
				answers <- result
			}()
		}
		first := <-answers
		require.NotNil(t, first)
		for range cap(answers) - 1 {
			require.Equal(t, first, <-answers)
		}
		require.Len(t, readAll(t, c, esdb.ReadAllOptions{}, 1000), 3*(round+1))
	}
}

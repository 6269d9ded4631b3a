package esdbnode

import (
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/stretchr/testify/require"
)

// Ensure that every kind of expected revision writes exactly when EventStoreDB would.
func TestAppend_ExpectedRevision(t *testing.T) {
	n := memoryNode(t)
	c := connect(t, n)

	first := write(t, c, "s", esdb.NoStream{}, event("a"))
	require.EqualValues(t, 0, first.NextExpectedVersion)
	second := write(t, c, "s", esdb.Revision(0), events("b", "c")...)
	require.EqualValues(t, 2, second.NextExpectedVersion)
	require.Greater(t, second.CommitPosition, first.CommitPosition)
	third := write(t, c, "s", esdb.Any{}, event("d"))
	require.EqualValues(t, 3, third.NextExpectedVersion)
	fourth := write(t, c, "s", esdb.StreamExists{}, event("e"))
	require.EqualValues(t, 4, fourth.NextExpectedVersion)
	write(t, c, "new", esdb.Any{}, event("f"))

	wrong := esdb.ErrorCodeWrongExpectedVersion
	require.Equal(t, wrong, refused(t, c, "s", esdb.NoStream{}, event("x")))
	require.Equal(t, wrong, refused(t, c, "s", esdb.Revision(2), event("x")))
	require.Equal(t, wrong, refused(t, c, "s", esdb.Revision(9), event("x")))
	require.Equal(t, wrong, refused(t, c, "none", esdb.StreamExists{}, event("x")))
	require.Equal(t, wrong, refused(t, c, "none", esdb.Revision(0), event("x")))
	require.Equal(t, []string{"type-a", "type-b", "type-c", "type-d", "type-e"},
		types(readStream(t, c, "s", esdb.ReadStreamOptions{}, 100)))
}

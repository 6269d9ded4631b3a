package esdbnode

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Ensure that nobody but the writer sees what is staged, and that everybody who waits for it is woken when it is durable.
func TestIndex_ShowsOnlyWhatIsDurable(t *testing.T) {
	x := newIndex()
	x.projections = true
	position := uint64(100)
	stage := func(stream string, revision uint64) {
		position += 10
		x.add(newProposed(stream, uuid.New(), "t", contentTypeJSON, nil, nil).at([]byte(stream), revision, position))
	}
	lists := map[string]func() view{
		"all": x.viewAll, "stream": func() view { return x.viewStream("a-1") }, "category": func() view { return x.viewStream("$ce-a") },
		"type": func() view { return x.viewStream("$et-t") },
	}
	for round := range 3 {
		stage("a-1", uint64(2*round))
		stage("a-1", uint64(2*round+1))
		before := map[string]view{}
		for name, list := range lists {
			before[name] = list()
			require.Equal(t, 2*round, before[name].events.len(), name)
		}
		require.Equal(t, 2*round+2, x.staged("a-1").len())
		x.publish(position + 1)
		for name, list := range lists {
			select {
			case <-before[name].changed:
			default:
				t.Errorf("%s was not woken", name)
			}
			require.Equal(t, 2*round, before[name].events.len(), "what was shown has changed")
			require.Equal(t, 2*round+2, list().events.len(), name)
		}
		require.NoError(t, x.seal(position+5))
	}
	stage("a-1", tombstoneRevision)
	before := x.viewStream("a-1")
	require.False(t, before.tombstoned)
	require.True(t, x.tombstoned("a-1"))
	x.publish(position + 1)
	require.True(t, x.viewStream("a-1").tombstoned)
	select {
	case <-before.changed:
	default:
		t.Error("the end of a stream woke nobody")
	}
}

package esdbnode

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/stretchr/testify/require"
)

// ask makes a request of the node's HTTP side and decodes the answer, if it is wanted.
func ask(t testing.TB, n *Node, method, path string, want int, answer any) {
	t.Helper()
	req, err := http.NewRequestWithContext(bounded(t), method, "http://"+n.Addr().String()+path, nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, want, resp.StatusCode, path)
	if answer != nil {
		require.NoError(t, json.NewDecoder(resp.Body).Decode(answer))
	}
}

// Ensure that old clients, which ask over HTTP, get the answers that new ones get by gRPC.
func TestPersistent_HTTP(t *testing.T) {
	n := memoryNode(t)
	c := connect(t, n)
	const stream = "/strange stream/ü"
	write(t, c, stream, esdb.NoStream{}, events("0", "1")...)
	createGroup(t, c, stream, esdb.Start{}, func(s *esdb.PersistentSubscriptionSettings) { eachAck(s); s.ExtraStatistics = true })
	createGroup(t, c, "other", esdb.End{}, nil)
	w := work(t, c, stream, 10)
	w.nack(esdb.NackActionPark, w.take(2)...)
	checkpointed(t, c, stream, 1)

	path := "/subscriptions/" + url.PathEscape(stream)
	var info webGroup
	ask(t, n, "GET", path+"/g/info", 200, &info)
	require.Equal(t, stream, info.EventStreamID)
	require.Equal(t, "0", info.Config.StartPosition)
	require.EqualValues(t, 500, info.Config.BufferSize)
	require.EqualValues(t, 30000, info.Config.MessageTimeoutMilliseconds)
	require.True(t, info.Config.PreferRoundRobin)
	require.EqualValues(t, 1, info.LastProcessedEventNumber)
	require.EqualValues(t, 1, info.LastKnownEventNumber)
	require.EqualValues(t, 2, info.ParkedMessageCount)
	require.Equal(t, "anonymous", info.Connections[0].Username)
	require.NotEmpty(t, info.Connections[0].ExtraStatistics)

	var list []webGroup
	ask(t, n, "GET", "/subscriptions", 200, &list)
	require.Len(t, list, 2)
	require.EqualValues(t, -1, list[1].Config.StartFrom)
	ask(t, n, "GET", "/subscriptions/other", 200, &list)
	require.Len(t, list, 1)

	ask(t, n, "POST", path+"/g/replayParked?stopAt=1", 200, nil)
	require.Equal(t, []string{"type-0"}, w.done(1))
	require.EqualValues(t, 1, groupInfo(t, c, stream).Stats.ParkedMessagesCount)
	ask(t, n, "POST", path+"/g/replayParked", 200, nil)
	require.Equal(t, []string{"type-1"}, w.done(1))
	ask(t, n, "POST", "/subscriptions/restart", 200, nil)
	require.NotNil(t, w.sub.Recv().SubscriptionDropped)

	ask(t, n, "GET", "/subscriptions/nowhere", 404, nil)
	ask(t, n, "GET", path+"/nobody/info", 404, nil)
	ask(t, n, "POST", path+"/nobody/replayParked", 404, nil)
	ask(t, n, "POST", path+"/g/replayParked?stopAt=-1", 400, nil)
	ask(t, n, "POST", path+"/g/replayParked?stopAt=one", 400, nil)
}

package esdbnode

import (
	"fmt"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// typed makes an event of a type with some data.
func typed(eventType, data string) esdb.EventData {
	return esdb.EventData{EventID: uuid.New(), EventType: eventType, ContentType: esdb.ContentTypeJson, Data: []byte(data)}
}

// targets lists where the links of a computed stream point to, and holds what every event of such a stream has.
func targets(t *testing.T, c *esdb.Client, stream string) []string {
	t.Helper()
	list := []string{}
	ids := map[uuid.UUID]bool{}
	for i, e := range readStream(t, c, stream, esdb.ReadStreamOptions{}, 1000) {
		require.EqualValues(t, i, e.Event.EventNumber)
		require.Equal(t, stream, e.Event.StreamID)
		require.False(t, ids[e.Event.EventID])
		ids[e.Event.EventID] = true
		list = append(list, e.Event.EventType+" "+string(e.Event.Data))
	}
	return list
}

// Ensure that the streams of the standard projections hold what those projections write, in the order of the log.
func TestCategories_Streams(t *testing.T) {
	c := connect(t, memoryNode(t))
	write(t, c, "account-1", esdb.NoStream{}, typed("opened", `{}`), typed("paid", `{}`))
	write(t, c, "account-2-x", esdb.NoStream{}, typed("opened", `{}`))
	write(t, c, "-none", esdb.NoStream{}, typed("opened", `{}`))
	write(t, c, "plain", esdb.NoStream{}, typed("paid", `{}`))
	write(t, c, "$system-1", esdb.NoStream{}, typed("paid", `{}`))
	write(t, c, "account-3", esdb.NoStream{}, typed(linkType, `1@account-1`))
	write(t, c, "account-1", esdb.Revision(1), typed("paid", `{}`))
	require.Equal(t, []string{
		"$> 0@account-1", "$> 1@account-1", "$> 0@account-2-x", "$> 1@account-1", "$> 2@account-1",
	}, targets(t, c, "$ce-account"))
	require.Equal(t, []string{"$> 0@account-1", "$> 0@account-2-x", "$> 0@-none"}, targets(t, c, "$et-opened"))
	require.Equal(t, []string{"$> 1@account-1", "$> 0@plain", "$> 0@$system-1", "$> 2@account-1"}, targets(t, c, "$et-paid"))
	require.Equal(t, []string{"$@ account-1", "$@ account-2-x", "$@ account-3"}, targets(t, c, "$category-account"))
	require.Equal(t, []string{
		"$> 0@account-1", "$> 0@account-2-x", "$> 0@-none", "$> 0@plain", "$> 0@$system-1", "$> 0@account-3",
	}, targets(t, c, "$streams"))
	for _, none := range []string{"$ce-plain", "$ce-$system", "$et-$>", "$ce-", "$et-"} {
		_, err := c.ReadStream(bounded(t), none, esdb.ReadStreamOptions{}, 1)
		require.NoError(t, err)
		require.Empty(t, absence(t, c, none), none)
	}
}

// absence is the error code of reading a stream, and no code when it can be read.
func absence(t *testing.T, c *esdb.Client, stream string) string {
	t.Helper()
	r, err := c.ReadStream(bounded(t), stream, esdb.ReadStreamOptions{}, 1)
	require.NoError(t, err)
	defer r.Close()
	_, err = r.Recv()
	require.Error(t, err)
	if codeIn(err) == esdb.ErrorCodeResourceNotFound {
		return ""
	}
	return err.Error()
}

// Ensure that deletions are listed as the projections list them.
func TestCategories_Deletions(t *testing.T) {
	c := connect(t, memoryNode(t))
	write(t, c, "a-1", esdb.NoStream{}, typed("x", `{}`))
	write(t, c, "a-2", esdb.NoStream{}, typed("x", `{}`))
	_, err := c.DeleteStream(bounded(t), "a-1", esdb.DeleteStreamOptions{ExpectedRevision: esdb.Any{}})
	require.NoError(t, err)
	_, err = c.TombstoneStream(bounded(t), "a-2", esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}})
	require.NoError(t, err)
	require.Equal(t, []string{
		"$> 0@a-1", "$> 0@a-2", "$> 0@$$a-1", "$> 9223372036854775807@a-2",
	}, targets(t, c, "$ce-a"))
	require.Equal(t, []string{"$> 0@a-1", "$> 9223372036854775807@a-2"}, targets(t, c, "$et-$deleted"))
	require.Empty(t, absence(t, c, "$et-$metadata"))
}

// Ensure that resolved links give the event and the link, that reads in all ways agree, and that nothing of it is in $all.
func TestCategories_ReadResolved(t *testing.T) {
	c := connect(t, memoryNode(t))
	const each = 30
	for i := range each {
		write(t, c, fmt.Sprintf("a-%d", i%3), esdb.Any{}, event(fmt.Sprint(i)))
	}
	resolved := esdb.ReadStreamOptions{ResolveLinkTos: true}
	list := readStream(t, c, "$ce-a", resolved, 1000)
	require.Len(t, list, each)
	for i, e := range list {
		require.Equal(t, event(fmt.Sprint(i)).EventID, e.Event.EventID)
		require.Equal(t, fmt.Sprintf("a-%d", i%3), e.Event.StreamID)
		require.Equal(t, "$ce-a", e.Link.StreamID)
		require.EqualValues(t, i, e.Link.EventNumber)
		require.Equal(t, e.Event.CreatedDate, e.Link.CreatedDate)
	}
	resolved.From = esdb.Revision(7)
	require.Equal(t, list[7:9], readStream(t, c, "$ce-a", resolved, 2))
	resolved.From, resolved.Direction = esdb.End{}, esdb.Backwards
	last := readStream(t, c, "$ce-a", resolved, 2)
	require.Equal(t, []*esdb.ResolvedEvent{list[each-1], list[each-2]}, last)
	require.Len(t, readAll(t, c, esdb.ReadAllOptions{}, 1000), each)

	write(t, c, "links", esdb.NoStream{}, typed(linkType, "4@$ce-a"))
	followed := readStream(t, c, "links", esdb.ReadStreamOptions{ResolveLinkTos: true}, 1)[0]
	require.Equal(t, "$ce-a", followed.Event.StreamID)
	require.EqualValues(t, 4, followed.Event.EventNumber)
	require.Equal(t, linkType, followed.Link.EventType)
}

// Ensure that a subscription to a computed stream gets what is there and what comes, in order and once.
func TestCategories_Subscribe(t *testing.T) {
	c := connect(t, memoryNode(t))
	write(t, c, "a-1", esdb.Any{}, numbered("old", 3)...)
	sub, err := c.SubscribeToStream(bounded(t), "$ce-a", esdb.SubscribeToStreamOptions{From: esdb.Start{}, ResolveLinkTos: true})
	require.NoError(t, err)
	defer sub.Close()
	next := func() *esdb.ResolvedEvent {
		for {
			if e := sub.Recv(); e.EventAppeared != nil {
				return e.EventAppeared
			} else {
				require.Nil(t, e.SubscriptionDropped, "%v", e.SubscriptionDropped)
			}
		}
	}
	for i := range 3 {
		require.EqualValues(t, i, next().Link.EventNumber)
	}
	for i := range 20 {
		write(t, c, fmt.Sprintf("b-%d", i), esdb.Any{}, event("other"))
		write(t, c, fmt.Sprintf("a-%d", i), esdb.Any{}, event(fmt.Sprint("new", i)))
		e := next()
		require.EqualValues(t, 3+i, e.Link.EventNumber)
		require.Equal(t, event(fmt.Sprint("new", i)).EventID, e.Event.EventID)
	}
}

// Ensure that metadata of a computed stream counts, that nobody appends to one, and that the option turns them off.
func TestCategories_AreStreams(t *testing.T) {
	c := connect(t, memoryNode(t))
	write(t, c, "a-1", esdb.Any{}, numbered("e", 5)...)
	meta := esdb.StreamMetadata{}
	meta.SetMaxCount(2)
	_, err := c.SetStreamMetadata(bounded(t), "$ce-a", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, meta)
	require.NoError(t, err)
	list := readStream(t, c, "$ce-a", esdb.ReadStreamOptions{}, 10)
	require.Len(t, list, 2)
	require.EqualValues(t, 3, list[0].Event.EventNumber)
	_, err = c.AppendToStream(bounded(t), "$ce-a", esdb.AppendToStreamOptions{}, event("mine"))
	require.Equal(t, codes.PermissionDenied, status.Code(errorsUnwrapAll(err)), "%v", err)

	off := connect(t, startNode(t, Options{Memory: true, NoProjections: true}))
	write(t, off, "a-1", esdb.Any{}, event("e"))
	require.Empty(t, absence(t, off, "$ce-a"))
	write(t, off, "$ce-a", esdb.NoStream{}, event("mine"))
}

package esdbnode

import (
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/projections"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
)

const operationsPath = "/event_store.client.operations.Operations/"

// scavenge calls a method and takes its answer apart.
func scavenge(t *testing.T, conn *grpc.ClientConn, method string, message []byte) (id string, result uint64, err error) {
	t.Helper()
	answer, err := rawCall(bounded(t), conn, operationsPath+method, message)
	eachField(answer, func(field protowire.Number, value []byte, number uint64) bool {
		if field == 1 {
			id = string(value)
		} else {
			result = number
		}
		return true
	})
	return id, result, err
}

// Ensure that a client can have the log compacted, once at a time, and stop that.
func TestOperations_Scavenge(t *testing.T) {
	dir := t.TempDir()
	hidingLog(t, Options{Dir: dir})
	n := startNode(t, Options{Dir: dir, Now: hidingNow})
	conn, c := dial(t, n), connect(t, n)
	before := len(readAll(t, c, esdb.ReadAllOptions{}, 1000))
	n.compacting.Lock() // as long as it is held, the scavenge ends at once and has done nothing
	id, result, err := scavenge(t, conn, "StartScavenge", nil)
	require.NoError(t, err)
	require.NotEmpty(t, id)
	require.EqualValues(t, 0, result)
	n.scavenges.running.Wait()
	n.compacting.Unlock()

	_, _, err = scavenge(t, conn, "StartScavenge", nil)
	require.NoError(t, err)
	n.scavenges.running.Wait()
	require.Less(t, len(readAll(t, c, esdb.ReadAllOptions{}, 1000)), before)

	stopped := false
	n.scavenges.id, n.scavenges.cancel = "mine", func() { stopped = true }
	id, result, err = scavenge(t, conn, "StartScavenge", nil)
	require.NoError(t, err)
	require.Equal(t, "mine", id)
	require.EqualValues(t, 1, result)
	id, result, err = scavenge(t, conn, "StopScavenge", texts("mine"))
	require.NoError(t, err)
	require.Equal(t, "mine", id)
	require.EqualValues(t, 2, result)
	require.True(t, stopped)
	n.scavenges.id = ""

	var trailers metadata.MD
	_, err = rawCall(bounded(t), conn, operationsPath+"StopScavenge", texts("other"), grpc.Trailer(&trailers))
	require.Equal(t, codes.NotFound, status.Code(err))
	require.Equal(t, []string{"scavenge-not-found"}, trailers.Get("exception"))
	require.Equal(t, []string{"other"}, trailers.Get("scavenge-id"))
}

// Ensure that a client can shut the node down, and that what has to be written is.
func TestOperations_Shutdown(t *testing.T) {
	dir := t.TempDir()
	n := startNode(t, Options{Dir: dir})
	write(t, connect(t, n), "s", esdb.Any{}, event("a"))
	_, err := rawCall(bounded(t), dial(t, n), operationsPath+"Shutdown", nil)
	require.NoError(t, err)
	select {
	case <-n.Done():
	case <-bounded(t).Done():
		t.Fatal("the node did not end")
	}
	n = startNode(t, Options{Dir: dir})
	require.Len(t, readAll(t, connect(t, n), esdb.ReadAllOptions{}, 10), 1)
}

// Ensure that operations are for operators, and what there is nothing to do about is done.
func TestOperations_Rights(t *testing.T) {
	n, a := secureNode(t, Options{})
	admin := newUserClient(dialSecure(t, n, a, nil, &login{"admin", "changeit"}))
	require.NoError(t, admin.create(bounded(t), "bob", "x", "Bob"))
	for who, want := range map[login]codes.Code{{"bob", "x"}: codes.PermissionDenied, {"ops", "changeit"}: codes.OK, {"admin", "changeit"}: codes.OK} {
		conn := dialSecure(t, n, a, nil, &who)
		for _, method := range []string{"StartScavenge", "MergeIndexes", "SetNodePriority", "RestartPersistentSubscriptions"} {
			_, err := rawCall(bounded(t), conn, operationsPath+method, nil)
			require.Equal(t, want, status.Code(err), "%s %s", who.name, method)
		}
	}
	_, err := rawCall(bounded(t), dialSecure(t, n, a, nil, &login{"bob", "x"}), operationsPath+"Shutdown", nil)
	require.Equal(t, codes.PermissionDenied, status.Code(err))
	_, err = rawCall(bounded(t), dialSecure(t, n, a, nil, &login{"ops", "changeit"}), operationsPath+"ResignNode", nil)
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
}

// Ensure that figures come as often as the client asks for, to those who are known.
func TestMonitoring_Stats(t *testing.T) {
	n, a := secureNode(t, Options{})
	listen := func(conn *grpc.ClientConn) grpc.ClientStream {
		call, err := conn.NewStream(bounded(t), &grpc.StreamDesc{ServerStreams: true}, "/event_store.client.monitoring.Monitoring/Stats", grpc.ForceCodecV2(newRawCodec()))
		require.NoError(t, err)
		require.NoError(t, call.SendMsg(rawFrame(appendVarint(nil, 4, 1))))
		require.NoError(t, call.CloseSend())
		return call
	}
	call := listen(dialSecure(t, n, a, nil, &login{"ops", "changeit"}))
	for range 2 {
		var message rawFrame
		require.NoError(t, call.RecvMsg(&message))
		names := map[string]string{}
		eachField(message, func(_ protowire.Number, entry []byte, _ uint64) bool {
			names[string(subfield(entry, 1))] = string(subfield(entry, 2))
			return true
		})
		require.Equal(t, "6", names["es-events"])
		require.NotEmpty(t, names["proc-startTime"])
	}
	require.Equal(t, codes.PermissionDenied, status.Code(listen(dialSecure(t, n, a, nil, nil)).RecvMsg(new(rawFrame))))
}

// Ensure that projections, and what the node does not know at all, are refused in words; and that what is offered as
// supported is served.
func TestUnserved(t *testing.T) {
	conn := dial(t, memoryNode(t))
	_, err := projections.NewProjectionsClient(conn).Create(bounded(t), &projections.CreateReq{})
	require.Equal(t, codes.Unimplemented, status.Code(err))
	require.ErrorContains(t, err, "runs no user-defined projections")
	_, err = rawCall(bounded(t), conn, "/event_store.client.redaction.Redaction/SwitchChunks", nil)
	require.Equal(t, codes.Unimplemented, status.Code(err))
	require.ErrorContains(t, err, "does not serve event_store.client.redaction.Redaction/SwitchChunks")

	features, err := serverfeatures.NewServerFeaturesClient(conn).GetSupportedMethods(bounded(t), &shared.Empty{})
	require.NoError(t, err)
	served := map[string]bool{}
	for service, info := range memoryNode(t).server.GetServiceInfo() {
		for _, method := range info.Methods {
			served[strings.ToLower(service)+"/"+strings.ToLower(method.Name)] = true
		}
	}
	for _, m := range features.GetMethods() {
		require.True(t, served[m.GetServiceName()+"/"+m.GetMethodName()], m)
	}
}

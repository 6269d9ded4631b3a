package esdbnode

import (
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// aclTest is a secure node with users of every kind.
type aclTest struct {
	admin *esdb.Client
	conns map[string]*grpc.ClientConn
}

func newACLTest(t *testing.T) *aclTest {
	t.Helper()
	n, a := secureNode(t, Options{})
	a1 := &aclTest{admin: as(t, n, a, "admin", "changeit"), conns: map[string]*grpc.ClientConn{"nobody": dialSecure(t, n, a, nil, nil)}}
	users := newUserClient(dialSecure(t, n, a, nil, &login{"admin", "changeit"}))
	require.NoError(t, users.create(bounded(t), "bob", "x", "Bob", "sales"))
	require.NoError(t, users.create(bounded(t), "eve", "x", "Eve"))
	require.NoError(t, users.create(bounded(t), "root", "x", "Root", "$admins"))
	for _, name := range []string{"bob", "eve", "root"} {
		a1.conns[name] = dialSecure(t, n, a, nil, &login{name, "x"})
	}
	a1.conns["ops"] = dialSecure(t, n, a, nil, &login{"ops", "changeit"})
	return a1
}

// describe sets a stream's metadata.
func (a *aclTest) describe(t *testing.T, stream, metadata string) {
	t.Helper()
	write(t, a.admin, "$$"+stream, esdb.Any{}, esdb.EventData{EventType: "$metadata", ContentType: esdb.ContentTypeJson, Data: []byte(metadata)})
}

// able lists who of bob, nobody, ops, eve and root may do something.
func (a *aclTest) able(t *testing.T, do func(*grpc.ClientConn) codes.Code) []string {
	t.Helper()
	list := []string{}
	for _, name := range []string{"bob", "nobody", "ops", "eve", "root"} {
		switch code := do(a.conns[name]); code {
		case codes.OK:
			list = append(list, name)
		case codes.PermissionDenied:
		default:
			t.Fatalf("%s: %s", name, code)
		}
	}
	return list
}

func reading(t *testing.T, stream string, subscribe bool) func(*grpc.ClientConn) codes.Code {
	return func(conn *grpc.ClientConn) codes.Code {
		o := &streams.ReadReq_Options{
			UuidOption:   &streams.ReadReq_Options_UUIDOption{Content: &streams.ReadReq_Options_UUIDOption_Structured{Structured: &shared.Empty{}}},
			FilterOption: &streams.ReadReq_Options_NoFilter{}, CountOption: &streams.ReadReq_Options_Count{Count: 1},
			StreamOption: &streams.ReadReq_Options_All{All: &streams.ReadReq_Options_AllOptions{AllOption: &streams.ReadReq_Options_AllOptions_Start{}}},
		}
		if stream != allName {
			o.StreamOption = &streams.ReadReq_Options_Stream{Stream: &streams.ReadReq_Options_StreamOptions{StreamIdentifier: identifier(stream)}}
		}
		if subscribe {
			o.CountOption = &streams.ReadReq_Options_Subscription{Subscription: &streams.ReadReq_Options_SubscriptionOptions{}}
		}
		call, err := streams.NewStreamsClient(conn).Read(bounded(t), &streams.ReadReq{Options: o})
		require.NoError(t, err)
		_, err = call.Recv()
		return status.Code(err)
	}
}

func writing(t *testing.T, stream string) func(*grpc.ClientConn) codes.Code {
	return func(conn *grpc.ClientConn) codes.Code {
		code, _ := appendCode(t, conn, stream)
		return code
	}
}

// batching writes through BatchAppend, where a refusal is an answer.
func batching(t *testing.T, stream string) func(*grpc.ClientConn) codes.Code {
	return func(conn *grpc.ClientConn) codes.Code {
		call, err := streams.NewStreamsClient(conn).BatchAppend(bounded(t))
		require.NoError(t, err)
		require.NoError(t, call.Send(&streams.BatchAppendReq{
			CorrelationId: stringUUID(event("x").EventID), IsFinal: true,
			Options: &streams.BatchAppendReq_Options{StreamIdentifier: identifier(stream), ExpectedStreamPosition: &streams.BatchAppendReq_Options_Any{}},
			ProposedMessages: []*streams.BatchAppendReq_ProposedMessage{{
				Id: stringUUID(event("y").EventID), Metadata: map[string]string{"type": "t", "content-type": "application/json"},
			}},
		}))
		resp, err := call.Recv()
		require.NoError(t, err)
		require.NoError(t, call.CloseSend())
		return codes.Code(resp.GetError().GetCode())
	}
}

func deleting(t *testing.T, stream string) func(*grpc.ClientConn) codes.Code {
	return func(conn *grpc.ClientConn) codes.Code {
		_, err := streams.NewStreamsClient(conn).Delete(bounded(t), &streams.DeleteReq{Options: &streams.DeleteReq_Options{
			StreamIdentifier: identifier(stream), ExpectedStreamRevision: &streams.DeleteReq_Options_Any{},
		}})
		if status.Code(err) == codes.FailedPrecondition {
			return codes.OK // somebody before was allowed to
		}
		return status.Code(err)
	}
}

var known = []string{"bob", "ops", "eve", "root"}

// Ensure that without a word about access, users' streams are for everybody who is known and the system's for
// administrators, except that all may read what the standard projections make.
func TestACL_Defaults(t *testing.T) {
	a := newACLTest(t)
	write(t, a.admin, "s", esdb.Any{}, event("a"))
	write(t, a.admin, "$s", esdb.Any{}, event("a"))
	for _, do := range []func(*grpc.ClientConn) codes.Code{
		reading(t, "s", false), reading(t, "s", true), reading(t, "$$s", false), writing(t, "s"), batching(t, "s"), writing(t, "$$s"), deleting(t, "s"),
	} {
		require.Equal(t, known, a.able(t, do))
	}
	for _, do := range []func(*grpc.ClientConn) codes.Code{
		reading(t, allName, false), reading(t, allName, true), reading(t, "$s", false), reading(t, "$$$s", false), reading(t, "$user-bob", false),
		writing(t, "$s"), batching(t, "$s"), writing(t, "$$$s"), writing(t, "$$$all"), writing(t, "$settings"), deleting(t, "$s"),
	} {
		require.Equal(t, []string{"root"}, a.able(t, do))
	}
	require.Equal(t, known, a.able(t, reading(t, "$ce-s", false)))
	require.Empty(t, a.able(t, writing(t, allName)))
	// What the node computes, nobody can write.
	require.Empty(t, a.able(t, writing(t, "$ce-s")))
}

// Ensure that a stream's metadata says who may do what, by user or group, and that what it leaves open is as before.
func TestACL_OfStream(t *testing.T) {
	a := newACLTest(t)
	a.describe(t, "s", `{"$acl":{"$r":["bob","$ops"],"$w":"sales","$mr":[],"$d":"eve"}}`)
	write(t, a.admin, "s", esdb.Any{}, event("a"))
	require.Equal(t, []string{"bob", "ops", "root"}, a.able(t, reading(t, "s", false)))
	require.Equal(t, []string{"bob", "ops", "root"}, a.able(t, reading(t, "s", true)))
	require.Equal(t, []string{"bob", "root"}, a.able(t, writing(t, "s")))
	require.Equal(t, []string{"bob", "root"}, a.able(t, batching(t, "s")))
	require.Equal(t, []string{"root"}, a.able(t, reading(t, "$$s", false)))
	require.Equal(t, []string{"eve", "root"}, a.able(t, deleting(t, "s")))
	a.describe(t, "t", `{"$acl":{"$r":"bob"}}`)
	require.Equal(t, known, a.able(t, writing(t, "t")))
	require.Equal(t, known, a.able(t, writing(t, "$$t")))

	a.describe(t, allName, `{"$acl":{"$r":"eve"}}`)
	require.Equal(t, []string{"eve", "root"}, a.able(t, reading(t, allName, false)))
}

// Ensure that settings give the access of the streams that say nothing, and that what cannot be read opens nothing.
func TestACL_Settings(t *testing.T) {
	a := newACLTest(t)
	set := func(settings string) {
		write(t, a.admin, "$settings", esdb.Any{}, esdb.EventData{EventType: "update-default-acl", ContentType: esdb.ContentTypeJson, Data: []byte(settings)})
	}
	set(`{"$userStreamAcl":{"$r":"sales","$w":"bob"},"$systemStreamAcl":{"$r":["$ops","$admins"]}}`)
	a.describe(t, "own", `{"$acl":{"$r":"$all"}}`)
	require.Equal(t, []string{"bob", "root"}, a.able(t, reading(t, "s", false)))
	require.Equal(t, []string{"bob", "root"}, a.able(t, writing(t, "s")))
	require.Equal(t, known, a.able(t, reading(t, "own", false)))
	require.Equal(t, []string{"bob", "root"}, a.able(t, writing(t, "own")))
	require.Equal(t, []string{"ops", "root"}, a.able(t, reading(t, allName, false)))
	a.describe(t, "broken", `{"$acl":{"$r":{"no":"list"}}}`)
	set(`{}`)
	require.Equal(t, known, a.able(t, reading(t, "s", false)))
	require.Equal(t, []string{"root"}, a.able(t, reading(t, "broken", false)))
	set(`{"$userStreamAcl":5}`)
	require.Equal(t, []string{"root"}, a.able(t, reading(t, "s", false)))
}

// Ensure that a link does not show an event of a stream that its reader may not read.
func TestACL_Links(t *testing.T) {
	a := newACLTest(t)
	a.describe(t, "secret", `{"$acl":{"$r":"bob"}}`)
	write(t, a.admin, "secret", esdb.Any{}, event("a"))
	write(t, a.admin, "links", esdb.Any{}, esdb.EventData{EventType: "$>", Data: []byte("0@secret")})
	for name, want := range map[string]bool{"bob": true, "eve": false} {
		call, err := streams.NewStreamsClient(a.conns[name]).Read(bounded(t), &streams.ReadReq{Options: &streams.ReadReq_Options{
			StreamOption: &streams.ReadReq_Options_Stream{Stream: &streams.ReadReq_Options_StreamOptions{StreamIdentifier: identifier("links")}},
			CountOption:  &streams.ReadReq_Options_Count{Count: 1}, ResolveLinks: true,
		}})
		require.NoError(t, err)
		resp, err := call.Recv()
		require.NoError(t, err)
		require.NotNil(t, resp.GetEvent().GetLink())
		require.Equal(t, want, resp.GetEvent().GetEvent() != nil, name)
	}
}

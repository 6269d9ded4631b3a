package esdbnode

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// joining tries to read the group "g" of a stream, and says what it saw of the first event.
func joining(t *testing.T, stream string, saw map[*grpc.ClientConn]*persistent.ReadResp_ReadEvent) func(*grpc.ClientConn) codes.Code {
	return func(conn *grpc.ClientConn) codes.Code {
		call, err := persistent.NewPersistentSubscriptionsClient(conn).Read(bounded(t))
		require.NoError(t, err)
		require.NoError(t, call.Send(&persistent.ReadReq{Content: &persistent.ReadReq_Options_{Options: &persistent.ReadReq_Options{
			StreamOption: &persistent.ReadReq_Options_StreamIdentifier{StreamIdentifier: identifier(stream)}, GroupName: "g", BufferSize: 1,
		}}}))
		if _, err = call.Recv(); err == nil && saw != nil {
			resp, err := call.Recv()
			require.NoError(t, err)
			saw[conn] = resp.GetEvent()
		}
		return status.Code(err)
	}
}

// Ensure that those who run the node manage its groups, and that a group is read by those who may read its stream.
func TestPersistent_Access(t *testing.T) {
	a := newACLTest(t)
	write(t, a.admin, "s", esdb.NoStream{}, event("0"))
	createGroup(t, a.admin, "s", esdb.Start{}, nil)
	for name, manage := range map[string]func(persistent.PersistentSubscriptionsClient) error{
		"list": func(c persistent.PersistentSubscriptionsClient) error {
			_, err := c.List(bounded(t), &persistent.ListReq{})
			return err
		},
		"restart": func(c persistent.PersistentSubscriptionsClient) error {
			_, err := c.RestartSubsystem(bounded(t), &shared.Empty{})
			return err
		},
	} {
		require.Equal(t, []string{"ops", "root"}, a.able(t, func(conn *grpc.ClientConn) codes.Code {
			return status.Code(manage(persistent.NewPersistentSubscriptionsClient(conn)))
		}), name)
	}
	require.Equal(t, []string{"bob", "ops", "eve", "root"}, a.able(t, joining(t, "s", nil)))
	a.describe(t, "s", `{"$acl":{"$r":"sales"}}`)
	require.Equal(t, []string{"bob", "root"}, a.able(t, joining(t, "s", nil)))
	config := readStream(t, a.admin, groupConfigStream, esdb.ReadStreamOptions{}, 1)
	require.Contains(t, string(config[0].Event.Data), `"updatedBy": "admin"`)
}

// Ensure that a link in a group is no way around the access of its target.
func TestPersistent_AccessOfTargets(t *testing.T) {
	a := newACLTest(t)
	write(t, a.admin, "secret", esdb.NoStream{}, event("0"))
	a.describe(t, "secret", `{"$acl":{"$r":"sales"}}`)
	write(t, a.admin, "links", esdb.NoStream{}, link("0@secret"), link("0@secret"))
	createGroup(t, a.admin, "links", esdb.Start{}, func(s *esdb.PersistentSubscriptionSettings) { s.ResolveLinkTos = true })
	saw := map[*grpc.ClientConn]*persistent.ReadResp_ReadEvent{}
	for _, name := range []string{"bob", "eve"} {
		require.Equal(t, codes.OK, joining(t, "links", saw)(a.conns[name]))
		require.NotNil(t, saw[a.conns[name]].GetLink())
	}
	require.NotNil(t, saw[a.conns["bob"]].GetEvent())
	require.Nil(t, saw[a.conns["eve"]].GetEvent())
}

// Ensure that over HTTP, too, one has to say who one is, and to run the node.
func TestPersistent_AccessHTTP(t *testing.T) {
	n, a := secureNode(t, Options{})
	users := newUserClient(dialSecure(t, n, a, nil, &login{"admin", "changeit"}))
	require.NoError(t, users.create(bounded(t), "eve", "x", "Eve"))
	for who, want := range map[login]int{
		{}: http.StatusUnauthorized, {"eve", "x"}: http.StatusUnauthorized, {"admin", "wrong"}: http.StatusUnauthorized,
		{"admin", "changeit"}: http.StatusOK, {"ops", "changeit"}: http.StatusOK,
	} {
		r := httptest.NewRequest(http.MethodGet, "/subscriptions", nil)
		if who.name != "" {
			r.SetBasicAuth(who.name, who.password)
		}
		w := httptest.NewRecorder()
		n.webRoutes().ServeHTTP(w, r)
		require.Equal(t, want, w.Code, who.name+who.password)
	}
}

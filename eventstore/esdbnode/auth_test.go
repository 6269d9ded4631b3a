package esdbnode

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

func basic(name, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+password))
}

// appendCode is how a one-event append through a stub ends, and the trailers it brings.
func appendCode(t testing.TB, conn *grpc.ClientConn, stream string) (codes.Code, metadata.MD) {
	t.Helper()
	call, err := streams.NewStreamsClient(conn).Append(bounded(t))
	if err != nil {
		return status.Code(err), nil
	}
	require.NoError(t, call.Send(options(stream)))
	require.NoError(t, call.Send(proposal(map[string]string{"type": "t", "content-type": "application/json"})))
	_, err = call.CloseAndRecv()
	return status.Code(err), call.Trailer()
}

// Ensure that the official client works with the default users, and that a wrong password or an unknown user is told
// that it is not known, whoever asks.
func TestAuth_Passwords(t *testing.T) {
	n, a := secureNode(t, Options{})
	for range 3 {
		write(t, as(t, n, a, "admin", "changeit"), "s", esdb.Any{}, event("a"))
	}
	write(t, as(t, n, a, "ops", "changeit"), "s", esdb.Any{}, event("b"))
	for _, who := range []login{{"admin", "wrong"}, {"admin", ""}, {"nobody", "changeit"}, {"", "changeit"}, {"admin", "changeit "}} {
		code, _ := appendCode(t, dialSecure(t, n, a, nil, &who), "s")
		require.Equal(t, codes.Unauthenticated, code, who.name)
	}
	require.Equal(t, esdb.ErrorCodeUnauthenticated, refused(t, as(t, n, a, "admin", "wrong"), "s", esdb.Any{}, event("c")))
}

// Ensure that a refused caller is heard out: the official client sends many events before it listens, and must see the
// refusal, not an end of file.
func TestAuth_HeardOut(t *testing.T) {
	n, a := secureNode(t, Options{})
	stranger := as(t, n, a, "nobody", "changeit")
	many := make([]esdb.EventData, 500)
	for i := range many {
		many[i] = event("a")
	}
	for range 20 {
		require.Equal(t, esdb.ErrorCodeUnauthenticated, refused(t, stranger, "s", esdb.Any{}, many...))
	}
}

// Ensure that who says nothing may do nothing with streams, and that a header that is no password is refused.
func TestAuth_Anonymous(t *testing.T) {
	n, a := secureNode(t, Options{})
	conn := dialSecure(t, n, a, nil, nil)
	code, trailers := appendCode(t, conn, "s")
	require.Equal(t, codes.PermissionDenied, code)
	require.Equal(t, []string{"access-denied"}, trailers.Get("exception"))
	for _, header := range []string{"Bearer x", "Basic ???", "Basic " + base64.StdEncoding.EncodeToString([]byte("admin")), ""} {
		ctx := metadata.AppendToOutgoingContext(bounded(t), "authorization", header)
		_, err := streams.NewStreamsClient(conn).Delete(ctx, &streams.DeleteReq{})
		require.Equal(t, codes.Unauthenticated, status.Code(err), header)
	}
}

// Ensure that an insecure node takes any credentials and none, as EventStoreDB does.
func TestAuth_InsecureTakesAnything(t *testing.T) {
	n := memoryNode(t)
	c := connect(t, n)
	for i, who := range []*esdb.Credentials{nil, {Login: "admin", Password: "wrong"}, {Login: "nobody"}} {
		_, err := c.AppendToStream(bounded(t), "s", esdb.AppendToStreamOptions{Authenticated: who}, event(fmt.Sprint(i)))
		require.NoError(t, err)
	}
	ctx := metadata.AppendToOutgoingContext(bounded(t), "authorization", "Bearer x")
	_, err := rawStreams(t, n).Tombstone(ctx, &streams.TombstoneReq{Options: &streams.TombstoneReq_Options{
		StreamIdentifier: identifier("s"), ExpectedStreamRevision: &streams.TombstoneReq_Options_Any{},
	}})
	require.NoError(t, err)
}

// Ensure that a certificate of the right authority stands for the user it names, unless the call says otherwise, and
// that the user has to be there.
func TestAuth_Certificates(t *testing.T) {
	n, a := secureNode(t, Options{})
	admin, stranger := a.client(t, "admin"), a.client(t, "stranger")
	code, _ := appendCode(t, dialSecure(t, n, a, &admin, nil), "$system")
	require.Equal(t, codes.OK, code)
	code, _ = appendCode(t, dialSecure(t, n, a, &stranger, nil), "s")
	require.Equal(t, codes.Unauthenticated, code)
	code, _ = appendCode(t, dialSecure(t, n, a, &admin, &login{"ops", "changeit"}), "$system")
	require.Equal(t, codes.PermissionDenied, code)

	forged := newAuthority(t)
	certificate := forged.client(t, "admin")
	code, _ = appendCode(t, dialSecure(t, n, a, &certificate, nil), "s")
	require.Equal(t, codes.Unavailable, code)
}

// Ensure that a password that was right is not taken for right any longer once it was changed, or its user disabled.
func TestAuth_ProofsEnd(t *testing.T) {
	n, a := secureNode(t, Options{})
	administrator := newUserClient(dialSecure(t, n, a, nil, &login{"admin", "changeit"}))
	require.NoError(t, administrator.create(bounded(t), "bob", "first", "Bob"))
	bob := dialSecure(t, n, a, nil, &login{"bob", "first"})
	code, _ := appendCode(t, bob, "s")
	require.Equal(t, codes.OK, code)
	require.NoError(t, administrator.reset(bounded(t), "bob", "second"))
	code, _ = appendCode(t, bob, "s")
	require.Equal(t, codes.Unauthenticated, code)
	bob = dialSecure(t, n, a, nil, &login{"bob", "second"})
	code, _ = appendCode(t, bob, "s")
	require.Equal(t, codes.OK, code)
	require.NoError(t, administrator.call(bounded(t), "Disable", "bob"))
	code, _ = appendCode(t, bob, "s")
	require.Equal(t, codes.Unauthenticated, code)
	require.NoError(t, administrator.call(bounded(t), "Enable", "bob"))
	code, _ = appendCode(t, bob, "s")
	require.Equal(t, codes.OK, code)
}

// Ensure that a node that others can reach does not start with the password that everybody knows, and that setting it
// is enough, on a new log and on one that has it.
func TestAuth_DefaultPassword(t *testing.T) {
	a := newAuthority(t)
	a.server(t)
	security, err := LoadTLS(a.path("node.crt"), a.path("node.key"), "")
	require.NoError(t, err)
	open := Options{Memory: true, Listen: "0.0.0.0:0", TLS: security}
	_, err = Start(t.Context(), open)
	require.ErrorIs(t, err, ErrDefaultPassword)
	open.AdminPassword = "good"
	_, err = Start(t.Context(), open)
	require.ErrorIs(t, err, ErrDefaultPassword)
	open.OpsPassword = defaultPassword
	_, err = Start(t.Context(), open)
	require.ErrorIs(t, err, ErrDefaultPassword)

	dir := t.TempDir()
	n, err := Start(t.Context(), Options{Dir: dir, TLS: security})
	require.NoError(t, err)
	require.NoError(t, n.Close())
	_, err = Start(t.Context(), Options{Dir: dir, TLS: security, Listen: "0.0.0.0:0"})
	require.ErrorIs(t, err, ErrDefaultPassword)
	n = startNode(t, Options{Dir: dir, TLS: security, AdminPassword: "good", OpsPassword: "better"})
	for password, want := range map[string]codes.Code{"good": codes.OK, "changeit": codes.Unauthenticated} {
		code, _ := appendCode(t, dialSecure(t, n, a, nil, &login{"admin", password}), "s")
		require.Equal(t, want, code)
	}
}

// Ensure that a password that was changed stays, whatever the options say.
func TestAuth_OptionsDoNotOverrule(t *testing.T) {
	n, a := secureNode(t, Options{AdminPassword: "mine"})
	require.NoError(t, n.prepareUsers(bounded(t), Options{Listen: defaultListen, AdminPassword: "other"}))
	code, _ := appendCode(t, dialSecure(t, n, a, nil, &login{"admin", "mine"}), "s")
	require.Equal(t, codes.OK, code)
}

// Ensure that no password gets into the log, into an error or out of the options.
func TestAuth_PasswordsAreNotShown(t *testing.T) {
	var logged bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	opts := Options{AdminPassword: "top-secret-1", OpsPassword: "top-secret-2", Logger: logger}
	n, a := secureNode(t, opts)
	users := newUserClient(dialSecure(t, n, a, nil, &login{"admin", "top-secret-1"}))
	require.NoError(t, users.create(bounded(t), "bob", "top-secret-3", "Bob"))
	for _, err := range []error{
		users.create(bounded(t), "bob", "top-secret-4", "Bob"),
		users.change(bounded(t), "admin", "top-secret-5", "top-secret-6"),
		users.reset(bounded(t), "nobody", "top-secret-7"),
		newUserClient(dialSecure(t, n, a, nil, &login{"admin", "top-secret-8"})).call(bounded(t), "Enable", "bob"),
	} {
		require.Error(t, err)
		require.NotContains(t, err.Error(), "top-secret")
	}
	logger.Info("options", "options", opts, "password", opts.AdminPassword)
	fmt.Fprintf(&logged, "%v %+v %#v %s", opts, opts, opts, opts.OpsPassword)
	require.NotContains(t, logged.String(), "top-secret")
	for _, e := range readAll(t, as(t, n, a, "admin", "top-secret-1"), esdb.ReadAllOptions{}, 1000) {
		require.NotContains(t, string(e.Event.Data), "top-secret")
	}
}

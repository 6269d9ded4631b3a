package esdbnode

import (
	"context"
	"encoding/base64"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
)

// userClient speaks the users service in the bytes that other clients' generated code sends.
type userClient struct{ conn *grpc.ClientConn }

func newUserClient(conn *grpc.ClientConn) userClient { return userClient{conn} }

// rawCall makes a unary call with an encoded message.
func rawCall(ctx context.Context, conn *grpc.ClientConn, method string, message []byte, options ...grpc.CallOption) ([]byte, error) {
	var answer rawFrame
	err := conn.Invoke(ctx, method, rawFrame(message), &answer, append(options, grpc.ForceCodecV2(newRawCodec()))...)
	return answer, err
}

// texts encodes a request whose options have these texts from field 1 on.
func texts(values ...string) []byte {
	var options []byte
	for i, value := range values {
		options = appendText(options, protowire.Number(i+1), value)
	}
	return appendBytes(nil, 1, options)
}

func (c userClient) call(ctx context.Context, method string, values ...string) error {
	_, err := rawCall(ctx, c.conn, "/event_store.client.users.Users/"+method, texts(values...))
	return err
}

func (c userClient) create(ctx context.Context, name, password, full string, groups ...string) error {
	message := texts(name, password, full)
	var options []byte
	eachField(message, func(_ protowire.Number, value []byte, _ uint64) bool { options = value; return true })
	for _, group := range groups {
		options = appendText(options, 4, group)
	}
	_, err := rawCall(ctx, c.conn, "/event_store.client.users.Users/Create", appendBytes(nil, 1, options))
	return err
}

func (c userClient) reset(ctx context.Context, name, password string) error {
	return c.call(ctx, "ResetPassword", name, password)
}

func (c userClient) change(ctx context.Context, name, before, after string) error {
	return c.call(ctx, "ChangePassword", name, before, after)
}

// details lists logins with their full names and whether they are disabled.
func (c userClient) details(ctx context.Context, values ...string) (map[string]string, error) {
	call, err := c.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, "/event_store.client.users.Users/Details", grpc.ForceCodecV2(newRawCodec()))
	if err != nil {
		return nil, err
	}
	if err := call.SendMsg(rawFrame(texts(values...))); err != nil {
		return nil, err
	}
	if err := call.CloseSend(); err != nil {
		return nil, err
	}
	found := map[string]string{}
	for {
		var message rawFrame
		if err := call.RecvMsg(&message); err != nil {
			if status.Code(err) == codes.Unknown {
				return found, nil
			}
			return nil, err
		}
		details := subfield(message, 1)
		value := string(subfield(details, 2))
		eachField(details, func(field protowire.Number, group []byte, number uint64) bool {
			if field == 3 {
				value += " " + string(group)
			}
			if field == 5 && number == 1 {
				value += " disabled"
			}
			return true
		})
		found[string(subfield(details, 1))] = value
	}
}

// Ensure that users can be managed from beginning to end, and that a restart knows them.
func TestUsers_Life(t *testing.T) {
	n, a := secureNode(t, Options{Dir: t.TempDir()})
	admin := newUserClient(dialSecure(t, n, a, nil, &login{"admin", "changeit"}))
	ctx := bounded(t)
	require.NoError(t, admin.create(ctx, "bob", "secret", "Bob", "sales", "friends"))
	require.NoError(t, admin.create(ctx, "bob", "secret", "Bob"))
	require.Equal(t, codes.FailedPrecondition, status.Code(admin.create(ctx, "bob", "other", "Bob")))
	found, err := admin.details(ctx)
	require.NoError(t, err)
	require.Equal(t, map[string]string{
		"admin": "Event Store Administrator $admins", "ops": "Event Store Operations $ops", "bob": "Bob sales friends",
	}, found)
	require.NoError(t, admin.call(ctx, "Update", "bob", "", "Robert"))
	require.NoError(t, admin.call(ctx, "Disable", "bob"))
	found, err = admin.details(ctx, "bob")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"bob": "Robert disabled"}, found)
	require.NoError(t, admin.call(ctx, "Delete", "bob"))
	_, err = admin.details(ctx, "bob")
	require.Equal(t, codes.NotFound, status.Code(err))
	var trailers metadata.MD
	_, err = rawCall(ctx, admin.conn, "/event_store.client.users.Users/Enable", texts("bob"), grpc.Trailer(&trailers))
	require.Equal(t, codes.NotFound, status.Code(err))
	require.Equal(t, []string{"user-not-found"}, trailers.Get("exception"))
	require.Equal(t, []string{"bob"}, trailers.Get("login-name"))
	require.NoError(t, admin.create(ctx, "bob", "again", "Bob"))
	found, err = admin.details(ctx)
	require.NoError(t, err)
	require.Len(t, found, 3)
}

// Ensure that users may change their own password and look at themselves, and nothing else; and that only
// administrators may manage others.
func TestUsers_Rights(t *testing.T) {
	n, a := secureNode(t, Options{})
	ctx := bounded(t)
	admin := newUserClient(dialSecure(t, n, a, nil, &login{"admin", "changeit"}))
	require.NoError(t, admin.create(ctx, "bob", "secret", "Bob", "$ops"))
	bob := newUserClient(dialSecure(t, n, a, nil, &login{"bob", "secret"}))
	nobody := newUserClient(dialSecure(t, n, a, nil, nil))
	for _, c := range []userClient{bob, nobody} {
		for _, method := range []string{"Update", "Delete", "Disable", "Enable", "ResetPassword"} {
			require.Equal(t, codes.PermissionDenied, status.Code(c.call(ctx, method, "ops", "x")), method)
		}
		require.Equal(t, codes.PermissionDenied, status.Code(c.create(ctx, "eve", "x", "Eve")))
		require.Equal(t, codes.PermissionDenied, status.Code(c.change(ctx, "ops", "changeit", "x")))
		_, err := c.details(ctx)
		require.Equal(t, codes.PermissionDenied, status.Code(err))
		_, err = c.details(ctx, "admin")
		require.Equal(t, codes.PermissionDenied, status.Code(err))
	}
	found, err := bob.details(ctx, "bob")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"bob": "Bob $ops"}, found)
	require.Equal(t, codes.PermissionDenied, status.Code(bob.change(ctx, "bob", "wrong", "new")))
	require.NoError(t, bob.change(ctx, "bob", "secret", "new"))
	require.Equal(t, codes.Unauthenticated, status.Code(bob.call(ctx, "Enable", "bob")))
}

// Ensure that what cannot be a user is refused.
func TestUsers_Refuses(t *testing.T) {
	c := newUserClient(dial(t, memoryNode(t)))
	long := string(make([]byte, passwordLimit+1))
	for _, who := range [][2]string{{"", "x"}, {"bob", ""}, {"$admins", "x"}, {string(make([]byte, loginLimit+1)), "x"}, {"bob", long}} {
		require.Equal(t, codes.InvalidArgument, status.Code(c.create(bounded(t), who[0], who[1], "")))
	}
	_, err := rawCall(bounded(t), c.conn, "/event_store.client.users.Users/Create", []byte{0xff})
	require.Equal(t, codes.InvalidArgument, status.Code(err))
}

// Ensure that users are stored as EventStoreDB stores them: its streams, its types, its JSON and its hash.
func TestUsers_StoredForm(t *testing.T) {
	n, a := secureNode(t, Options{})
	c := as(t, n, a, "admin", "changeit")
	list := readAll(t, c, esdb.ReadAllOptions{}, 100)
	var got []string
	for _, e := range list {
		got = append(got, e.Event.StreamID+" "+e.Event.EventType)
	}
	require.Equal(t, []string{
		"$$$user-admin $metadata", "$user-admin $UserCreated", "$users $User",
		"$$$user-ops $metadata", "$user-ops $UserCreated", "$users $User",
	}, got)
	require.JSONEq(t, `{"$acl":{"$w":"$admins","$d":"$admins","$mw":"$admins"}}`, string(list[0].Event.Data))
	require.Equal(t, "admin", string(list[2].Event.Data))
	require.Regexp(t, `^{"loginName":"ops","fullName":"Event Store Operations","salt":"[^"]{24}","hash":"[^"]{28}","disabled":false,"groups":\["\$ops"\]}$`, string(list[4].Event.Data))

	// A hash made elsewhere, by the definition: PBKDF2 with SHA-1, 1000 rounds, 20 bytes, of "changeit".
	u := &user{Salt: base64.StdEncoding.EncodeToString([]byte("0123456789abcdef")), Hash: "HerS5bAVilEfQOLyb5nlJBaOI78="}
	require.True(t, u.matches("changeit"))
	require.False(t, u.matches("changeIt"))
	for _, broken := range []user{{}, {Salt: "?", Hash: u.Hash}, {Salt: u.Salt, Hash: "?"}, {Salt: u.Salt}} {
		require.False(t, broken.matches("changeit"))
	}
}

package esdbnode

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Groups with a meaning of their own, and the users that are there from the beginning.
const (
	groupAdmins     = "$admins"
	groupOperations = "$ops"
	groupAll        = "$all"
	userAdmin       = "admin"
	userOperations  = "ops"
)

// principal is who is calling; the zero value is somebody who did not say.
type principal struct {
	login  string
	groups []string
}

func (p principal) anonymous() bool { return p.login == "" }

// is tells whether a rule that names a user or a group means this caller.
func (p principal) is(role string) bool {
	return role == p.login && !p.anonymous() || slices.Contains(p.groups, role)
}

func (p principal) admin() bool { return p.is(groupAdmins) || p.is(userAdmin) }

func (p principal) operator() bool {
	return p.admin() || p.is(groupOperations) || p.is(userOperations)
}

type principalKey struct{}

// principalOf is who makes the call of a context. In an insecure node nobody is asked, so nobody is known.
func principalOf(ctx context.Context) principal {
	p, _ := ctx.Value(principalKey{}).(principal)
	return p
}

// guard finds out who is calling a secure node; an insecure one has none. It MUST NOT let a password get into a log, an
// error or an event.
type guard struct {
	node *Node

	// key makes the proofs worthless outside of this process.
	key    [sha256.Size]byte
	mu     sync.Mutex
	proofs map[string]proof
}

// proof remembers a password that was right, so that not every call pays for the slow hash. It holds as long as the
// user's newest event is the one at position.
type proof struct {
	position uint64
	digest   [sha256.Size]byte
}

func newGuard(n *Node) (*guard, error) {
	g := &guard{node: n, proofs: make(map[string]proof)}
	if _, err := rand.Read(g.key[:]); err != nil {
		return nil, fmt.Errorf("esdbnode: random key: %w", err)
	}
	return g, nil
}

func unauthenticated() *refusal {
	return &refusal{code: codes.Unauthenticated, message: "Unauthenticated"}
}

// identify says who makes a call: whom its credentials name, else whom the connection's certificate names, else nobody.
func (g *guard) identify(ctx context.Context) (principal, error) {
	if given := metadata.ValueFromIncomingContext(ctx, "authorization"); len(given) > 0 {
		return g.signIn(given[0])
	}
	p, ok := peer.FromContext(ctx)
	if !ok {
		return principal{}, nil
	}
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	if !ok {
		return principal{}, nil
	}
	if login, ok := certified(info.State); ok {
		return g.vouchedFor(login)
	}
	return principal{}, nil
}

// signIn checks the credentials of an authorization header.
func (g *guard) signIn(header string) (principal, error) {
	request := http.Request{Header: http.Header{"Authorization": {header}}}
	login, password, ok := request.BasicAuth()
	if !ok || login == "" {
		return principal{}, unauthenticated()
	}
	u, err := g.node.findUser(login)
	if err != nil {
		return principal{}, err
	}
	if u == nil {
		// Whoever guesses names learns nothing from the time that the answer takes.
		nobody.matches(password)
		return principal{}, unauthenticated()
	}
	if u.Disabled || !g.proves(u, password) {
		return principal{}, unauthenticated()
	}
	return u.principal(), nil
}

// vouchedFor is the user that a verified certificate names.
func (g *guard) vouchedFor(login string) (principal, error) {
	u, err := g.node.findUser(login)
	if err != nil {
		return principal{}, err
	}
	if u == nil || u.Disabled {
		return principal{}, unauthenticated()
	}
	return u.principal(), nil
}

// proves tells whether the password is the user's, the quick way when it was right before.
func (g *guard) proves(u *user, password string) bool {
	mac := hmac.New(sha256.New, g.key[:])
	mac.Write([]byte(u.LoginName))
	mac.Write([]byte{0})
	mac.Write([]byte(password))
	now := proof{position: u.position}
	mac.Sum(now.digest[:0])

	g.mu.Lock()
	before, known := g.proofs[u.LoginName]
	g.mu.Unlock()
	if known && before.position == now.position {
		return hmac.Equal(before.digest[:], now.digest[:])
	}
	if !u.matches(password) {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.proofs[u.LoginName] = now
	return true
}

// identification is what makes a server ask, and know, who is calling.
func (n *Node) identification() []grpc.ServerOption {
	options := []grpc.ServerOption{grpc.Creds(shaken{})}
	if n.guard != nil {
		options = append(options, grpc.ChainUnaryInterceptor(n.guard.unary), grpc.ChainStreamInterceptor(n.guard.stream))
	}
	return options
}

// unary and stream are asked before every call.
func (g *guard) unary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	who, err := g.identify(ctx)
	if err != nil {
		return nil, fail(unaryTrailer{ctx}, err)
	}
	return next(context.WithValue(ctx, principalKey{}, who), req)
}

func (g *guard) stream(service any, call grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	who, err := g.identify(call.Context())
	if err != nil {
		if info.IsClientStream && !info.IsServerStream {
			hearOut(call)
		}
		return fail(call, err)
	}
	return next(service, &identifiedCall{call, context.WithValue(call.Context(), principalKey{}, who)})
}

// hearOut receives what a refused caller still sends: one that is answered before it has sent everything may see a
// bare end of file instead of the refusal. It listens no longer than patience, and to no more than one append may hold.
func hearOut(call grpc.ServerStream) {
	const patience = time.Second
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for heard := 0; heard <= appendLimit; {
			var said emptypb.Empty
			if call.RecvMsg(&said) != nil {
				return
			}
			heard += 1 + proto.Size(&said)
		}
	}()
	select {
	case <-ended:
	case <-time.After(patience):
	}
}

// identifiedCall is a call whose context says who makes it.
type identifiedCall struct {
	grpc.ServerStream
	ctx context.Context
}

// Context is that of the call, with the caller in it.
func (c *identifiedCall) Context() context.Context { return c.ctx }

package esdb

import (
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
)

// proxy stands between a client and a server as a network that can fail.
type proxy struct {
	t      testing.TB
	target string
	addr   string

	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]bool
	stalled  map[net.Conn]bool
}

func newProxy(t testing.TB, target string) *proxy {
	t.Helper()
	p := &proxy{t: t, target: target, addr: "127.0.0.1:0", conns: map[net.Conn]bool{}, stalled: map[net.Conn]bool{}}
	p.up()
	t.Cleanup(p.down)
	return p
}

func (p *proxy) connectionString() string {
	return "esdb://" + p.addr + "?tls=false&discoveryInterval=10"
}

// up makes the server reachable, always at the same address.
func (p *proxy) up() {
	l, err := net.Listen("tcp", p.addr)
	require.NoError(p.t, err)
	p.mu.Lock()
	p.listener, p.addr = l, l.Addr().String()
	p.mu.Unlock()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(conn)
		}
	}()
}

// down makes the server unreachable: connections break and new ones are refused.
func (p *proxy) down() {
	p.mu.Lock()
	_ = p.listener.Close()
	p.mu.Unlock()
	p.drop()
}

// drop breaks the connections there are.
func (p *proxy) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		_ = conn.Close()
	}
}

// open counts the connections there are.
func (p *proxy) open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns) / 2
}

// stall makes the connections there are swallow everything; new ones work.
func (p *proxy) stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		p.stalled[conn] = true
	}
}

func (p *proxy) serve(conn net.Conn) {
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = conn.Close()
		return
	}
	p.mu.Lock()
	p.conns[conn], p.conns[server] = true, true
	p.mu.Unlock()
	var wait sync.WaitGroup
	wait.Go(func() { p.pipe(conn, server) })
	wait.Go(func() { p.pipe(server, conn) })
	wait.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, conn)
	delete(p.conns, server)
}

func (p *proxy) pipe(to, from net.Conn) {
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		p.mu.Lock()
		stalled := p.stalled[from]
		p.mu.Unlock()
		if stalled {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// journal remembers what was logged, so that a test can wait for it.
type journal struct {
	mu      sync.Mutex
	lines   []string
	changed chan struct{}
}

func newJournal() *journal { return &journal{changed: make(chan struct{})} }

func (j *journal) Enabled(context.Context, slog.Level) bool { return true }
func (j *journal) WithAttrs([]slog.Attr) slog.Handler       { return j }
func (j *journal) WithGroup(string) slog.Handler            { return j }

func (j *journal) Handle(_ context.Context, r slog.Record) error {
	line := r.Message
	r.Attrs(func(a slog.Attr) bool { line += " " + a.String(); return true })
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
	close(j.changed)
	j.changed = make(chan struct{})
	return nil
}

func (j *journal) count(text string) (n int, changed <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, line := range j.lines {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n, j.changed
}

// wait returns once the text was logged so many more times.
func (j *journal) wait(t testing.TB, text string, more int) {
	t.Helper()
	before, _ := j.count(text)
	for {
		n, changed := j.count(text)
		if n >= before+more {
			return
		}
		select {
		case <-changed:
		case <-time.After(patience):
			t.Fatalf("%q was logged %d times of %d", text, n-before, more)
		}
	}
}

// patience bounds every wait of a test; it is never waited through.
const patience = 30 * time.Second

func bounded(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// script is a server that answers as a test tells it.
type script struct {
	streams.UnimplementedStreamsServer
	serverfeatures.UnimplementedServerFeaturesServer
	read     func(*streams.ReadReq, streams.Streams_ReadServer) error
	appended func(streams.Streams_AppendServer) error
}

func (s *script) Read(req *streams.ReadReq, call streams.Streams_ReadServer) error {
	return s.read(req, call)
}

func (s *script) Append(call streams.Streams_AppendServer) error {
	for {
		if _, err := call.Recv(); err == io.EOF {
			return s.appended(call)
		} else if err != nil {
			return err
		}
	}
}

func (s *script) GetSupportedMethods(context.Context, *shared.Empty) (*serverfeatures.SupportedMethods, error) {
	return &serverfeatures.SupportedMethods{EventStoreServerVersion: "24.10.0"}, nil
}

// play starts the script and opens a Store on it.
func play(t *testing.T, s *script, opts Options) *Store {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	streams.RegisterStreamsServer(server, s)
	serverfeatures.RegisterServerFeaturesServer(server, s)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	opts.ConnectionString = "esdb://" + l.Addr().String() + "?tls=false"
	return connectWith(t, opts)
}

// said is an event as the server sends it.
func said(stream, eventType string, revision, position uint64) *streams.ReadResp {
	return &streams.ReadResp{Content: &streams.ReadResp_Event{Event: &streams.ReadResp_ReadEvent{
		Event: &streams.ReadResp_ReadEvent_RecordedEvent{
			Id:               &shared.UUID{Value: &shared.UUID_String_{String_: "0d5f2c1e-6f0a-5d9e-9a55-a1b2c3d4e5f6"}},
			StreamIdentifier: &shared.StreamIdentifier{StreamName: []byte(stream)},
			StreamRevision:   revision, CommitPosition: position, PreparePosition: position,
			Metadata: map[string]string{"type": eventType, "content-type": "application/json", "created": "17000000000000000"},
		},
	}}}
}

// forwards tells a read of the whole log from the look at its end.
func forwards(req *streams.ReadReq) bool {
	return req.GetOptions().GetReadDirection() == streams.ReadReq_Options_Forwards
}

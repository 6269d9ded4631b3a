package feed

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy stands between a client and NATS as a network that can be cut, or that swallows everything.
type proxy struct {
	t            testing.TB
	target, addr string

	mu       sync.Mutex
	listener net.Listener
	conns    []net.Conn
	hanging  chan struct{} // closed while nothing hangs
}

func newProxy(t testing.TB, target string) *proxy {
	t.Helper()
	p := &proxy{t: t, target: target, addr: "127.0.0.1:0", hanging: make(chan struct{})}
	close(p.hanging)
	p.open()
	t.Cleanup(p.cut)
	return p
}

func (p *proxy) open() {
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

func (p *proxy) serve(conn net.Conn) {
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = conn.Close()
		return
	}
	p.mu.Lock()
	p.conns = append(p.conns, conn, server)
	p.mu.Unlock()
	go p.pipe(server, conn)
	p.pipe(conn, server)
}

func (p *proxy) pipe(to, from net.Conn) {
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil && err != io.EOF {
			return
		}
		p.mu.Lock()
		hanging := p.hanging
		p.mu.Unlock()
		<-hanging
		if _, writeErr := to.Write(buffer[:n]); err != nil || writeErr != nil {
			return
		}
	}
}

// cut breaks all connections and refuses new ones.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.listener.Close()
	for _, conn := range p.conns {
		_ = conn.Close()
	}
	p.conns = nil
}

// hang lets nothing through, and breaks nothing.
func (p *proxy) hang() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hanging = make(chan struct{})
}

// heal undoes both.
func (p *proxy) heal() {
	p.mu.Lock()
	hanging := p.hanging
	p.mu.Unlock()
	select {
	case <-hanging:
		p.open()
	default:
		close(hanging)
	}
}

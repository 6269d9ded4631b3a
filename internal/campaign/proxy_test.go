//go:build linux

package campaign

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// proxy stands in front of a part of the world, at an address that stays when the part comes back at another. Whatever
// it does wrong, it does to both directions.
type proxy struct {
	listener net.Listener

	mu       sync.Mutex
	target   string // empty while the part is away
	refuse   bool
	hold     bool          // nothing passes; connections stay
	released chan struct{} // closed when hold ends
	delay    time.Duration // each piece waits so long
	conns    map[net.Conn]bool

	cuts, refused, delayed atomic.Int64
}

// newProxy listens until the test ends.
func newProxy(t testing.TB) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{listener: listener, conns: map[net.Conn]bool{}, released: make(chan struct{})}
	go p.accept()
	t.Cleanup(func() { _ = listener.Close(); p.cut() })
	return p
}

func (p *proxy) address() string { return p.listener.Addr().String() }

func (p *proxy) port() int { return p.listener.Addr().(*net.TCPAddr).Port }

// lead says where the part is now.
func (p *proxy) lead(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}

func (p *proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.serve(conn)
	}
}

func (p *proxy) serve(near net.Conn) {
	defer near.Close()
	p.mu.Lock()
	target, refuse := p.target, p.refuse || p.target == ""
	p.mu.Unlock()
	if refuse {
		p.refused.Add(1)
		return
	}
	far, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer far.Close()
	p.note(near, far, true)
	defer p.note(near, far, false)
	go func() {
		defer near.Close()
		p.copy(far, near)
	}()
	p.copy(near, far)
}

func (p *proxy) note(near, far net.Conn, open bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if open {
		p.conns[near], p.conns[far] = true, true
	} else {
		delete(p.conns, near)
		delete(p.conns, far)
	}
}

// copy passes pieces on until either side ends.
func (p *proxy) copy(to, from net.Conn) {
	defer to.Close()
	piece := make([]byte, 32<<10)
	for {
		n, err := from.Read(piece)
		p.linger()
		if n > 0 {
			if _, err := to.Write(piece[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// linger waits as long as the present mood of the proxy demands.
func (p *proxy) linger() {
	p.mu.Lock()
	hold, released, delay := p.hold, p.released, p.delay
	p.mu.Unlock()
	if hold {
		p.delayed.Add(1)
		<-released
	}
	if delay > 0 {
		p.delayed.Add(1)
		<-time.After(delay)
	}
}

// cut breaks every connection there is; new ones are let through.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		_ = conn.Close()
		p.cuts.Add(1)
	}
}

// close breaks every connection and lets no new one through until open.
func (p *proxy) close() {
	p.mu.Lock()
	p.refuse = true
	p.mu.Unlock()
	p.cut()
}

func (p *proxy) open() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = false
}

// swallow lets nothing through, though every connection stands, until release.
func (p *proxy) swallow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.hold {
		p.hold, p.released = true, make(chan struct{})
	}
}

func (p *proxy) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hold {
		p.hold = false
		close(p.released)
	}
}

// slow makes each piece wait, until slow(0).
func (p *proxy) slow(delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = delay
}

// Ensure the proxy passes both ways, and that each of its faults is felt and ends.
func TestProxy_Faults(t *testing.T) {
	echo, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = echo.Close() })
	go func() {
		for {
			conn, err := echo.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(conn, conn) }()
		}
	}()
	p := newProxy(t)
	say := func(conn net.Conn) error {
		_, _ = conn.Write([]byte("hello"))
		_, err := io.ReadFull(conn, make([]byte, 5))
		return err
	}
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", p.address())
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	require.Error(t, say(dial()), "there is nobody behind it yet")
	p.lead(echo.Addr().String())
	conn := dial()
	require.NoError(t, say(conn))
	p.cut()
	require.Error(t, say(conn))
	require.NoError(t, say(dial()))
	p.close()
	require.Error(t, say(dial()))
	p.open()
	conn = dial()
	require.NoError(t, say(conn))
	p.swallow()
	require.NoError(t, conn.SetDeadline(time.Now().Add(50*time.Millisecond)))
	require.Error(t, say(conn))
	p.release()
	p.slow(time.Millisecond)
	require.NoError(t, say(dial()))
	require.GreaterOrEqual(t, p.delayed.Load(), int64(3))
	require.GreaterOrEqual(t, p.cuts.Load(), int64(2))
}

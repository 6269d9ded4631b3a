package esdbnode

import (
	"net"
	"sync"
)

// dropListener remembers the connections it accepted so that they can be cut.
type dropListener struct {
	net.Listener

	mu    sync.Mutex
	conns map[*dropConn]struct{}
}

func newDropListener(l net.Listener) *dropListener {
	return &dropListener{Listener: l, conns: make(map[*dropConn]struct{})}
}

// Accept takes the next connection and remembers it.
func (l *dropListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &dropConn{Conn: conn, owner: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[c] = struct{}{}
	return c, nil
}

// drop closes the connections at the moment of the call; the listener goes on.
func (l *dropListener) drop() {
	l.mu.Lock()
	conns := make([]*dropConn, 0, len(l.conns))
	for c := range l.conns {
		conns = append(conns, c)
	}
	l.mu.Unlock()
	for _, c := range conns {
		c.Close()
	}
}

// count is how many connections there are.
func (l *dropListener) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns)
}

type dropConn struct {
	net.Conn
	owner *dropListener
}

// Close forgets the connection and closes it.
func (c *dropConn) Close() error {
	c.owner.mu.Lock()
	delete(c.owner.conns, c)
	c.owner.mu.Unlock()
	return c.Conn.Close()
}

package esdbnode

import (
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"
)

// introduceTime is how long a connection may take to show what it speaks, the handshake of TLS included.
const introduceTime = 10 * time.Second

// preface is how every HTTP/2 connection begins; no request of HTTP/1.1 begins like that.
const preface = "PRI "

// split lets gRPC and HTTP/1.1 share a port. With TLS the handshake says which of the two a connection is for, without
// it the first bytes do. A connection that says nothing is closed, so that silence cannot fill the node.
type split struct {
	inner  net.Listener
	config *tls.Config // nil without TLS

	grpc, http *lane
	done       chan struct{}
	closeOnce  sync.Once
	waiting    sync.WaitGroup
}

func newSplit(inner net.Listener, security *TLS) *split {
	s := &split{inner: inner, done: make(chan struct{})}
	if security != nil {
		s.config = security.config()
	}
	s.grpc, s.http = s.newLane(), s.newLane()
	s.waiting.Go(s.run)
	return s
}

// run takes connections until the listener is closed.
func (s *split) run() {
	defer s.close()
	for {
		conn, err := s.inner.Accept()
		var passing interface{ Temporary() bool }
		switch {
		case err == nil:
			s.waiting.Go(func() { s.introduce(conn) })
		case errors.As(err, &passing) && passing.Temporary():
			// The process is out of descriptors, or the like; others may be closed meanwhile.
			if !s.pause(acceptPause) {
				return
			}
		default:
			return
		}
	}
}

// acceptPause is how long the next connection waits when none could be accepted.
const acceptPause = 10 * time.Millisecond

func (s *split) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.done:
		return false
	}
}

// introduce finds out what a connection is for and hands it over.
func (s *split) introduce(conn net.Conn) {
	stop := closeOn(s.done, conn)
	ready, to, err := s.classify(conn)
	stop()
	if err == nil {
		err = to.hand(ready)
	}
	if err != nil {
		conn.Close()
	}
}

// closeOn closes the connection when done ends before the returned function is called.
func closeOn(done <-chan struct{}, conn net.Conn) func() {
	over := make(chan struct{})
	go func() {
		select {
		case <-done:
			conn.Close()
		case <-over:
		}
	}()
	return func() { close(over) }
}

func (s *split) classify(conn net.Conn) (net.Conn, *lane, error) {
	if err := conn.SetDeadline(time.Now().Add(introduceTime)); err != nil {
		return nil, nil, err
	}
	ready, to, err := conn, s.http, error(nil)
	if s.config != nil {
		ready, to, err = s.handshake(conn)
	} else {
		ready, to, err = s.peek(conn)
	}
	if err != nil {
		return nil, nil, err
	}
	return ready, to, conn.SetDeadline(time.Time{})
}

func (s *split) handshake(conn net.Conn) (net.Conn, *lane, error) {
	secure := tls.Server(conn, s.config)
	// The deadline of the connection bounds the handshake, and closing the node closes the connection.
	if err := secure.Handshake(); err != nil {
		return nil, nil, err
	}
	if secure.ConnectionState().NegotiatedProtocol == protocolGRPC {
		return secure, s.grpc, nil
	}
	return secure, s.http, nil
}

func (s *split) peek(conn net.Conn) (net.Conn, *lane, error) {
	first := make([]byte, len(preface))
	n := 0
	for n < len(first) && string(first[:n]) == preface[:n] {
		got, err := conn.Read(first[n:])
		if err != nil {
			return nil, nil, err
		}
		n += got
	}
	ready := &peekedConn{Conn: conn, first: first[:n]}
	if string(first[:n]) == preface {
		return ready, s.grpc, nil
	}
	return ready, s.http, nil
}

// close ends everything and is harmless when repeated.
func (s *split) close() {
	s.closeOnce.Do(func() {
		close(s.done)
		s.inner.Close()
	})
}

// wait returns when no goroutine of the split is left.
func (s *split) wait() { s.waiting.Wait() }

// lane is the listener of one of the protocols.
type lane struct {
	owner *split
	conns chan net.Conn
}

func (s *split) newLane() *lane { return &lane{owner: s, conns: make(chan net.Conn)} }

func (l *lane) hand(conn net.Conn) error {
	select {
	case l.conns <- conn:
		return nil
	case <-l.owner.done:
		return net.ErrClosed
	}
}

// Accept waits for the next connection of the protocol.
func (l *lane) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.owner.done:
		return nil, net.ErrClosed
	}
}

// Close closes the port, for both protocols: they end together.
func (l *lane) Close() error {
	l.owner.close()
	return nil
}

// Addr is the address of the port.
func (l *lane) Addr() net.Addr { return l.owner.inner.Addr() }

// peekedConn gives back the bytes that were looked at.
type peekedConn struct {
	net.Conn
	first []byte
}

// Read gives first what was looked at.
func (c *peekedConn) Read(p []byte) (int, error) {
	if len(c.first) == 0 {
		return c.Conn.Read(p)
	}
	n := copy(p, c.first)
	c.first = c.first[n:]
	return n, nil
}

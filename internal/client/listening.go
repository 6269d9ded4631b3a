package client

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
)

// listened is a connection that tells when the other side is gone. The HTTP client notices that only once it has the next
// line in hand, and whoever types lines would wait for an answer that nobody gives.
type listened struct {
	net.Conn
	once sync.Once
	gone chan struct{}
}

// Read closes gone with the first error. No deadline is ever set on these connections.
func (l *listened) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if err != nil {
		l.once.Do(func() { close(l.gone) })
	}
	return n, err
}

func transport() *http.Transport {
	var dialer net.Dialer
	return &http.Transport{MaxIdleConnsPerHost: 256, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &listened{Conn: conn, gone: make(chan struct{})}, nil
	}}
}

// whileListened closes the lines, if they can be closed, once nobody listens at the other end of the connection that takes
// them. It lasts until ctx ends.
func whileListened(ctx context.Context, lines io.Reader) context.Context {
	closer, ok := lines.(io.Closer)
	if !ok {
		return ctx
	}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		conn := info.Conn
		if secure, ok := conn.(*tls.Conn); ok {
			conn = secure.NetConn()
		}
		l, ok := conn.(*listened)
		if !ok {
			return
		}
		go func() {
			select {
			case <-l.gone:
				_ = closer.Close()
			case <-ctx.Done():
			}
		}()
	}})
}

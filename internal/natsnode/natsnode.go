// Package natsnode runs a NATS server with JetStream on disk inside this process, so that a ledger on one
// machine needs no second program. It is reached through the same official client as any other server:
// the rest of the ledger doesn't know which of the two it talks to.
package natsnode

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// The limits of the embedded server.
const (
	// MaxMessage is above the server's own 1 MiB, because an event of the largest size that the log accepts
	// travels with its headers in one message.
	MaxMessage = 2 << 20
	maxMemory  = 128 << 20 // ephemeral consumers; streams are on disk
	// maxDisk is fixed: the server's own default is a share of what is free at the start, so a feed that
	// has grown past that share would refuse to grow on after a restart.
	maxDisk        = 1 << 40
	maxConnections = 4096
	readyWithin    = 30 * time.Second // long, because a big feed is checked when it is opened
	readyStep      = 200 * time.Millisecond
)

// Options says where the node keeps its data and how it is reached.
type Options struct {
	// Dir is the data directory of JetStream; two nodes MUST NOT share one.
	Dir string
	// Listen is host:port; port -1 takes a free one. Empty means 127.0.0.1:-1. Nothing is authenticated, so
	// it belongs on the loopback interface.
	Listen string
	// DontListen opens no port at all: the node is reached through Conn only.
	DontListen bool
	// Logger takes the server's log; nil means slog.Default.
	Logger *slog.Logger
}

// Node is one running server, or one after another: see tend.
type Node struct {
	config *server.Options
	log    *serverLog
	ending chan struct{}
	ended  chan struct{}
	once   sync.Once

	mu     sync.Mutex
	server *server.Server
}

// Start runs a node and returns once it answers. It handles no signals: whoever starts it closes it.
func Start(options Options) (*Node, error) {
	config, err := options.config()
	if err != nil {
		return nil, err
	}
	n := &Node{config: config, log: newLog(options.Logger), ending: make(chan struct{}), ended: make(chan struct{})}
	if n.server, err = begin(config, n.log); err != nil {
		return nil, err
	}
	if address, ok := n.server.Addr().(*net.TCPAddr); ok && !config.DontListen {
		config.Port = address.Port // the same for each server that follows
	}
	go n.tend()
	return n, nil
}

func begin(config *server.Options, log *serverLog) (*server.Server, error) {
	log.fatal.Store(nil)
	s, err := server.NewServer(config.Clone())
	if err != nil {
		return nil, fmt.Errorf("embedded NATS: %w", err)
	}
	s.SetLoggerV2(log, false, false, false)
	go s.Start()
	if !ready(s, log) {
		s.Shutdown()
		s.WaitForShutdown()
		return nil, fmt.Errorf("embedded NATS in %s did not start: %w", config.StoreDir, log.cause())
	}
	return s, nil
}

// ready waits in short steps, because a server that met a fatal error never gets ready.
func ready(s *server.Server, log *serverLog) bool {
	for deadline := time.Now().Add(readyWithin); time.Now().Before(deadline) && log.fatal.Load() == nil; {
		if s.ReadyForConnections(readyStep) {
			return s.JetStreamEnabled()
		}
	}
	return false
}

func (o Options) config() (*server.Options, error) {
	if o.Dir == "" {
		return nil, errors.New("embedded NATS needs a data directory")
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("embedded NATS: %w", err)
	}
	host, port, err := splitListen(o.Listen)
	if err != nil {
		return nil, err
	}
	return &server.Options{
		ServerName:             "partnerledger",
		Host:                   host,
		Port:                   port,
		DontListen:             o.DontListen,
		NoSigs:                 true,
		DisableJetStreamBanner: true,
		MaxConn:                maxConnections,
		MaxPayload:             MaxMessage,
		JetStream:              true,
		JetStreamMaxMemory:     maxMemory,
		JetStreamMaxStore:      maxDisk,
		StoreDir:               o.Dir,
	}, nil
}

func splitListen(listen string) (host string, port int, err error) {
	if listen == "" {
		return "127.0.0.1", server.RANDOM_PORT, nil
	}
	host, text, err := net.SplitHostPort(listen)
	if err != nil {
		return "", 0, fmt.Errorf("embedded NATS: listen address: %w", err)
	}
	if port, err = strconv.Atoi(text); err != nil {
		return "", 0, fmt.Errorf("embedded NATS: listen address %q: %w", listen, err)
	}
	return host, port, nil
}

// ClientURL is where other processes reach the node.
func (n *Node) ClientURL() string { return n.present().ClientURL() }

func (n *Node) present() *server.Server {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.server
}

// InProcessConn makes nats.go ask for the present server each time it connects.
func (n *Node) InProcessConn() (net.Conn, error) { return n.present().InProcessConn() }

// Conn opens a connection within the process. It ends with the node, and outlives a server that is replaced if the
// options let it reconnect.
func (n *Node) Conn(options ...nats.Option) (*nats.Conn, error) {
	conn, err := nats.Connect("", append(options, nats.InProcessServer(n))...)
	if err != nil {
		return nil, fmt.Errorf("connect to embedded NATS: %w", err)
	}
	return conn, nil
}

// Close stops the node and returns once its files are closed. Connections are cut at once: clients resume
// by themselves, so a slow farewell (lame duck) would only delay a restart.
func (n *Node) Close() {
	n.once.Do(func() { close(n.ending) })
	<-n.ended
	s := n.present()
	s.Shutdown()
	s.WaitForShutdown()
}

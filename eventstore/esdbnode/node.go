package esdbnode

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

// Node is a running server. Its methods may be called from any goroutine.
type Node struct {
	id     uuid.UUID
	log    *eventLog
	index  *index
	writer *writer
	disk   disk
	faults *Faults
	logger *slog.Logger
	now    func() time.Time

	server   *grpc.Server
	listener *dropListener
	// closing ends when the node does; it is what subscriptions wait on.
	closing context.Context
	end     context.CancelFunc

	served    chan struct{}
	closeOnce sync.Once
	closeErr  error
}

// receiveLimit is the largest message taken, the limit of the real server.
const receiveLimit = 16 << 20

// streamLimit is how many calls, subscriptions included, one connection may have open. Further ones wait in the client.
const streamLimit = 10_000

// pingInterval is how often a client may ask whether the connection is alive.
const pingInterval = 100 * time.Millisecond

// Start opens the log, recovers it, and serves it. When Start returns, the node listens: a client made before that
// would give up for good. The context bounds the start and is not kept; Close ends the node.
//
// Errors to expect: ErrLocked, ErrNotLoopback, *CorruptError, *FormatError.
func Start(ctx context.Context, opts Options) (*Node, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	d, settings, err := opts.openDisk()
	if err != nil {
		return nil, err
	}
	n := &Node{
		id: uuid.New(), disk: d, index: newIndex(),
		faults: newFaults(), logger: opts.Logger, now: opts.Now, served: make(chan struct{}),
	}
	if err := n.open(ctx, settings); err != nil {
		return nil, errors.Join(err, d.close())
	}
	if err := n.listen(ctx, opts.Listen); err != nil {
		return nil, errors.Join(err, n.log.close(true), d.close())
	}
	n.writer = newWriter(n.log, n.index, opts.Now, opts.Logger)
	// The node's life is not the caller's: only Close ends it, so that nothing is cut off by a deadline for starting.
	n.closing, n.end = context.WithCancel(context.WithoutCancel(ctx))
	n.serve()
	return n, nil
}

// open reads the log into the index.
func (n *Node) open(ctx context.Context, settings logOptions) error {
	begun := time.Now()
	l, err := openLog(n.disk, settings, func(position uint64, frame []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return n.index.load(position, frame)
	})
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	n.log = l
	n.index.publish(l.active.end())
	n.logger.Info("log opened", "events", len(n.index.all), "streams", len(n.index.streams), "took", time.Since(begun))
	return nil
}

func (n *Node) listen(ctx context.Context, address string) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("esdbnode: listen: %w", err)
	}
	n.listener = newDropListener(listener)
	return nil
}

// serve registers the services and answers calls in the background.
func (n *Node) serve() {
	n.server = grpc.NewServer(
		grpc.ForceServerCodecV2(newRawCodec()),
		grpc.MaxRecvMsgSize(receiveLimit),
		grpc.WaitForHandlers(true),
		grpc.MaxConcurrentStreams(streamLimit),
		// The clients ping every ten seconds, also when they have no call open; by default that counts as abuse and
		// ends the connection.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: pingInterval, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 30 * time.Second, Timeout: 20 * time.Second}),
	)
	streams.RegisterStreamsServer(n.server, &streamsService{node: n})
	serverfeatures.RegisterServerFeaturesServer(n.server, &featuresService{})
	gossip.RegisterGossipServer(n.server, &gossipService{node: n})
	go func() {
		defer close(n.served)
		if err := n.server.Serve(n.listener); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			n.logger.Error("serving ended", "error", err)
		}
	}()
}

// Addr is the address the node listens on.
func (n *Node) Addr() *net.TCPAddr {
	return n.listener.Addr().(*net.TCPAddr)
}

// ConnectionString is what the official clients connect with.
func (n *Node) ConnectionString() string {
	return "esdb://" + n.Addr().String() + "?tls=false"
}

// Faults are the means to make the node misbehave on demand.
func (n *Node) Faults() *Faults { return n.faults }

// DropConnections cuts every connection, as a failing network does. Clients may connect again at once.
func (n *Node) DropConnections() { n.listener.drop() }

// Close ends every call, makes what was acknowledged safe to reopen, and gives the directory free. Appends in hand are
// finished or refused, never half done. The error is ErrFailed when the log had failed before. Closing twice is harmless.
func (n *Node) Close() error {
	n.closeOnce.Do(func() {
		n.end()
		failure := n.writer.close()
		n.server.Stop()
		<-n.served
		n.closeErr = errors.Join(failure, n.log.close(failure == nil), n.disk.close())
	})
	return n.closeErr
}

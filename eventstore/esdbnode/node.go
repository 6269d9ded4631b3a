package esdbnode

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
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
	// guard is nil in an insecure node.
	guard     *guard
	advertise string
	begun     time.Time

	server   *grpc.Server
	web      *http.Server
	listener *dropListener
	split    *split
	// closing ends when the node does; it is what subscriptions wait on.
	closing context.Context
	end     context.CancelFunc
	groups  *groups

	// compacting is held while the log is being compacted.
	compacting sync.Mutex
	scavenges  scavenges

	served    chan struct{}
	done      chan struct{}
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
// Errors to expect: ErrLocked, ErrNotLoopback, ErrDefaultPassword, *CorruptError, *FormatError.
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
		faults: newFaults(), logger: opts.Logger, now: opts.Now, served: make(chan struct{}), done: make(chan struct{}),
	}
	n.index.projections = !opts.NoProjections
	if err := n.open(ctx, settings); err != nil {
		return nil, errors.Join(err, d.close())
	}
	n.writer = newWriter(n.log, n.index, opts.Now, opts.Logger)
	if err := n.admit(ctx, opts); err != nil {
		failure := n.writer.close()
		return nil, errors.Join(err, failure, n.closeLog(failure == nil))
	}
	// The node's life is not the caller's: only Close ends it, so that nothing is cut off by a deadline for starting.
	n.closing, n.end = context.WithCancel(context.WithoutCancel(ctx))
	n.groups = openGroups(n)
	n.serve()
	return n, nil
}

// closeLog closes what is on the disk and gives it free.
func (n *Node) closeLog(sound bool) error {
	err := n.log.close(sound)
	n.index.close()
	return errors.Join(err, n.disk.close())
}

// open reads the index, and of the log what the index does not know.
func (n *Node) open(ctx context.Context, settings logOptions) error {
	n.begun = time.Now()
	if settings.indexFiles {
		store, err := openIndexStore(n.disk, n.logger)
		if err != nil {
			return err
		}
		n.index.store = store
	}
	settings.sealed = n.index
	l, err := openLog(n.disk, settings, func(position uint64, frame []byte) error {
		if err := ctx.Err(); err != nil {
			return &stopError{err}
		}
		return n.index.load(position, frame)
	})
	if err != nil {
		n.index.close()
		return fmt.Errorf("open the log: %w", err)
	}
	n.log = l
	n.index.collectIDs()
	n.index.publish(l.active.end())
	n.logger.Info("log opened", "events", n.index.viewAll().events.len(), "streams", n.index.streams, "took", time.Since(n.begun))
	return nil
}

// admit opens the door: who may come in is settled before anybody can.
func (n *Node) admit(ctx context.Context, opts Options) error {
	n.advertise = opts.Advertise
	if opts.TLS != nil {
		guard, err := newGuard(n)
		if err != nil {
			return err
		}
		n.guard = guard
		if err := n.prepareUsers(ctx, opts); err != nil {
			return err
		}
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", opts.Listen)
	if err != nil {
		return fmt.Errorf("esdbnode: listen: %w", err)
	}
	n.listener = newDropListener(listener)
	n.split = newSplit(n.listener, opts.TLS)
	return nil
}

// serve registers the services and answers calls in the background.
func (n *Node) serve() {
	n.server = grpc.NewServer(append(n.identification(),
		grpc.ForceServerCodecV2(newRawCodec()),
		grpc.MaxRecvMsgSize(receiveLimit),
		grpc.WaitForHandlers(true),
		grpc.MaxConcurrentStreams(streamLimit),
		// The clients ping every ten seconds, also when they have no call open; by default that counts as abuse and
		// ends the connection.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: pingInterval, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 30 * time.Second, Timeout: 20 * time.Second}),
		grpc.UnknownServiceHandler(unserved),
	)...)
	streams.RegisterStreamsServer(n.server, &streamsService{node: n})
	serverfeatures.RegisterServerFeaturesServer(n.server, &featuresService{})
	gossip.RegisterGossipServer(n.server, &gossipService{node: n})
	persistent.RegisterPersistentSubscriptionsServer(n.server, &persistentService{node: n})
	n.registerUsers()
	n.registerOperations()
	n.web = n.newWeb()
	go func() {
		select {
		case <-n.writer.broken:
			_ = n.Close() // whoever closes it again is told why
		case <-n.closing.Done():
		}
	}()
	go func() {
		defer close(n.served)
		var group sync.WaitGroup
		group.Go(func() { n.report(n.web.Serve(n.split.http)) })
		n.report(n.server.Serve(n.split.grpc))
		group.Wait()
	}()
}

// report logs why serving ended, unless that was the node's own wish.
func (n *Node) report(err error) {
	if n.closing.Err() == nil && err != nil {
		n.logger.Error("serving ended", "error", err)
	}
}

// Addr is the address the node listens on.
func (n *Node) Addr() *net.TCPAddr {
	return n.listener.Addr().(*net.TCPAddr)
}

// ConnectionString is what the official clients connect with; for a secure node, user and password have to be added, and
// where to find the certificate's authority.
func (n *Node) ConnectionString() string {
	if n.guard != nil {
		return "esdb://" + n.Addr().String() + "?tls=true"
	}
	return "esdb://" + n.Addr().String() + "?tls=false"
}

// Done is closed when the node has been closed, by Close, because a client asked for it, or because its log failed; Close
// tells which.
func (n *Node) Done() <-chan struct{} { return n.done }

// Faults are the means to make the node misbehave on demand.
func (n *Node) Faults() *Faults { return n.faults }

// DropConnections cuts every connection, as a failing network does. Clients may connect again at once.
func (n *Node) DropConnections() { n.listener.drop() }

// Close ends every call, makes what was acknowledged safe to reopen, and gives the directory free. Appends in hand are
// finished or refused, never half done. The error is ErrFailed when the log had failed before. Closing twice is harmless.
func (n *Node) Close() error {
	n.closeOnce.Do(func() {
		defer close(n.done)
		n.end()
		n.scavenges.running.Wait()
		n.compacting.Lock()
		defer n.compacting.Unlock()
		failure := n.writer.close()
		n.hangUp()
		<-n.served
		n.groups.running.Wait()
		n.closeErr = errors.Join(failure, n.closeLog(failure == nil))
	})
	return n.closeErr
}

// hangUp ends every connection. It cuts them itself, because gRPC waits two minutes for one that has said half of its
// first sentence.
func (n *Node) hangUp() {
	n.split.close()
	n.split.wait()
	var stopping sync.WaitGroup
	stopping.Go(n.server.Stop)
	n.listener.drop()
	// What the answer of a request is worth when the node is gone, nobody waits for.
	_ = n.web.Close()
	stopping.Wait()
}

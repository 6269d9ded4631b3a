package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"golang.org/x/sync/errgroup"

	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/esdb"
	"github.com/partnerledger/partnerledger/eventstore/esdbnode"
	"github.com/partnerledger/partnerledger/eventstore/feed"
	"github.com/partnerledger/partnerledger/internal/audit"
	"github.com/partnerledger/partnerledger/internal/httpapi"
	"github.com/partnerledger/partnerledger/internal/intake"
	"github.com/partnerledger/partnerledger/internal/journal"
	"github.com/partnerledger/partnerledger/internal/natsnode"
	"github.com/partnerledger/partnerledger/internal/seal"
	"github.com/partnerledger/partnerledger/internal/telemetry"
	"github.com/partnerledger/partnerledger/internal/workload"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/credit"
	"github.com/partnerledger/partnerledger/projections/customers"
	"github.com/partnerledger/partnerledger/projections/outcomes"
	"github.com/partnerledger/partnerledger/projections/partners"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/subscriptions"
	"github.com/partnerledger/partnerledger/projections/timeline"
)

// ledger is the daemon's parts, in the order in which the data flows. What was started first is closed last.
type ledger struct {
	config config
	log    *slog.Logger

	node    *esdbnode.Node // nil where the event store is another process
	store   eventstore.Store
	conn    *nats.Conn
	relay   *feed.Relay
	source  *feed.Source
	db      *sqldb.DB
	models  *projections.Models
	runner  *projections.Runner
	keys    *seal.Keys
	journal *journal.Journal
	notary  *audit.Notary
	api     *httpapi.API

	telemetry *telemetry.Telemetry
	front     *front
	heads     *headCount

	storeTold bool // why the event store ended
	closers   []func() error
}

// serve wires what the roles need and runs them until ctx ends or one fails for good.
func serve(ctx context.Context, c config, stdout io.Writer) (err error) {
	l := &ledger{config: c, log: c.logger()}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := l.open(ctx); err != nil {
		return err
	}
	return l.run(ctx, stdout)
}

// open opens the parts, nearest to the disk first.
func (l *ledger) open(ctx context.Context) error {
	l.config.Trial.warn(l.log)
	if err := os.MkdirAll(l.config.Data, 0o700); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	for _, open := range []func(context.Context) error{l.openTelemetry, l.openFront, l.openStore, l.openFeed, l.openModels, l.openJournal, l.openNotary} {
		if err := open(ctx); err != nil {
			return err
		}
	}
	l.front.opened.Store(l)
	return nil
}

func (l *ledger) onClose(closer func() error) { l.closers = append(l.closers, closer) }

func (l *ledger) close() error {
	var errs []error
	for i := len(l.closers) - 1; i >= 0; i-- {
		errs = append(errs, l.closers[i]())
	}
	return errors.Join(errs...)
}

// openStore connects to the event store, and counts what is in it.
func (l *ledger) openStore(ctx context.Context) error {
	if err := l.connectStore(ctx); err != nil {
		return err
	}
	l.heads = newHeadCount(ctx, l.store, l.log.With("part", "status"))
	l.onClose(l.heads.close)
	return nil
}

// connectStore connects to the event store, the embedded one unless another is named.
func (l *ledger) connectStore(ctx context.Context) error {
	connection := l.config.EventStore
	if connection == "" {
		node, err := esdbnode.Start(ctx, esdbnode.Options{Dir: l.config.path("eventstore"), Listen: l.config.EmbeddedStore, Logger: l.log.With("part", "eventstore")})
		if errors.Is(err, esdbnode.ErrLocked) {
			return fmt.Errorf("another ledgerd uses the data directory %s; ask that one, or give another with --data: %w", l.config.Data, err)
		}
		if err != nil {
			return fmt.Errorf("embedded event store: %w", err)
		}
		l.node = node
		l.onClose(l.closeStore)
		connection = node.ConnectionString()
	}
	store, err := esdb.Open(esdb.Options{ConnectionString: connection, Logger: l.log.With("part", "esdb")})
	if err != nil {
		return fmt.Errorf("event store %s: %w", connection, err)
	}
	l.onClose(store.Close)
	l.store = mortalStore(store)
	return nil
}

// openFeed connects to NATS, the embedded one unless another is named.
func (l *ledger) openFeed(context.Context) error {
	if !l.config.plays(roleRelay) && !l.config.plays(roleProjector) && !l.config.plays(roleNotary) {
		return nil
	}
	var err error
	if l.config.NATS == "" {
		err = l.embedNATS()
	} else {
		l.conn, err = nats.Connect(l.config.NATS, natsOptions()...)
	}
	if err != nil {
		return fmt.Errorf("nats: %w", err)
	}
	l.onClose(func() error { l.conn.Close(); return nil })
	log := l.log.With("part", "feed")
	if l.relay, err = feed.NewRelay(l.store, l.conn, feed.RelayOptions{Logger: log, Trace: l.telemetry.Published, DuplicateWindow: l.config.Trial.duplicateWindow, Unfenced: l.config.Trial.lacks(guardFence)}); err != nil {
		return err
	}
	l.source, err = feed.NewSource(l.store, l.conn, feed.SourceOptions{Logger: log, Unchecked: l.config.Trial.lacks(guardChain)})
	return err
}

func (l *ledger) embedNATS() error {
	node, err := natsnode.Start(natsnode.Options{Dir: l.config.path("nats"), DontListen: true, Logger: l.log.With("part", "nats")})
	if err != nil {
		return err
	}
	l.onClose(func() error { node.Close(); return nil })
	l.conn, err = node.Conn(natsOptions()...)
	return err
}

// natsOptions let a connection wait for its server for ever: the ledger heals when it is back.
func natsOptions() []nats.Option {
	return []nats.Option{nats.Name("partnerledger"), nats.MaxReconnects(-1), nats.RetryOnFailedConnect(true)}
}

// readModels are all there are.
func readModels() []projections.Projection {
	return []projections.Projection{outcomes.Projection{}, partners.Projection{}, customers.Projection{}, subscriptions.Projection{},
		credit.Projection{}, timeline.Projection{}}
}

// openModels opens the read models.
func (l *ledger) openModels(ctx context.Context) error {
	db, err := sqldb.Open(ctx, l.config.databaseURL())
	if err != nil {
		return fmt.Errorf("read models: %w", err)
	}
	l.onClose(db.Close)
	l.db = db
	l.models, err = projections.NewModels(ctx, db, readModels()...)
	if err != nil {
		return fmt.Errorf("read models: %w", err)
	}
	if l.source != nil {
		l.runner = projections.NewRunner(l.models, mortalSource(l.source), eventstore.NewCodec(vocabulary.Events(), nil), l.projectorOptions())
		l.runner.Watch(l.telemetry.Applied)
	}
	return nil
}

// openJournal opens the record of submissions and the keys; only the API needs them. On SQLite the
// journal has a file of its own, so that submissions and projections don't wait for each other.
func (l *ledger) openJournal(ctx context.Context) error {
	if !l.config.plays(roleAPI) {
		return nil
	}
	db := l.db
	if !db.Postgres() {
		var err error
		if db, err = sqldb.Open(ctx, "sqlite:"+l.config.path("journal.db")); err != nil {
			return fmt.Errorf("journal: %w", err)
		}
		l.onClose(db.Close)
	}
	var err error
	if l.journal, err = journal.Open(ctx, db, l.config.Trial.now); err != nil {
		return err
	}
	return l.openKeys()
}

// run runs the roles. The relay and the projector begin at once; the API once the read models have
// caught up with the log, so that every command said before is known.
func (l *ledger) run(ctx context.Context, stdout io.Writer) error {
	l.front.announce(stdout)
	roles, ctx := errgroup.WithContext(ctx)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if l.node != nil {
		roles.Go(func() error { return l.guardStore(ctx) })
	}
	if l.config.plays(roleRelay) {
		roles.Go(func() error { return ended(ctx, "relay", l.relay.Run(ctx)) })
	}
	if l.config.plays(roleProjector) {
		roles.Go(func() error { return ended(ctx, "projector", l.project(ctx)) })
	}
	if l.notary != nil {
		roles.Go(func() error { return l.notarize(ctx) })
	}
	if l.config.plays(roleAPI) {
		roles.Go(func() error { return l.answer(ctx, stop, stdout) })
	}
	return roles.Wait()
}

// guardStore ends the daemon with its event store: one whose disk failed has to be started again, and nothing of a ledger
// works without it.
func (l *ledger) guardStore(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-l.node.Done():
	}
	err := l.node.Close()
	switch {
	case err == nil:
		err = errors.New("a client shut it down; start ledgerd again")
	case errors.Is(err, esdbnode.ErrFailed):
		err = fmt.Errorf("see to the disk and start ledgerd again; all that was acknowledged is there, and what failed can be submitted again: %w", err)
	}
	err = ended(ctx, "embedded event store", err)
	l.storeTold = err != nil
	return err
}

// closeStore tells what went wrong with the event store unless guardStore has.
func (l *ledger) closeStore() error {
	if err := l.node.Close(); !l.storeTold {
		return err
	}
	return nil
}

// ended tells the end that was asked for from a failure.
func ended(ctx context.Context, role string, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("%s ended: %w", role, err)
}

// projectAgain is how long the projector waits after a passing failure of its database.
const projectAgain = time.Second

func (l *ledger) project(ctx context.Context) error {
	for {
		err := l.runner.Run(ctx)
		if ctx.Err() != nil || !sqldb.Unavailable(err) {
			return err
		}
		l.log.Warn("the database of the read models is unavailable; trying again", "error", err)
		select {
		case <-time.After(projectAgain):
		case <-ctx.Done():
		}
	}
}

// answer makes the API and serves it. With --demo --exit it stops everything when the demo has been shown.
func (l *ledger) answer(ctx context.Context, stop func(), stdout io.Writer) error {
	if err := l.makeAPI(ctx); err != nil {
		return ended(ctx, "api", err)
	}
	l.front.answer(l.api, stdout)
	sweeping, stopSweeping := context.WithCancel(ctx)
	var swept sync.WaitGroup
	swept.Go(func() { l.keepForgotten(sweeping) })
	swept.Go(func() { l.keepSealed(sweeping) })
	defer func() { stopSweeping(); swept.Wait() }()
	if l.config.Demo {
		if err := demo(ctx, l.front.address, workload.Size(l.config.DemoSize), stdout); err != nil {
			return errors.Join(ended(ctx, "demo", err), l.front.shutdown(ctx))
		}
		if l.config.Exit {
			stop()
		}
	}
	select {
	case <-ctx.Done():
		return l.front.shutdown(ctx)
	case err := <-l.front.served:
		return fmt.Errorf("http ended: %w", err)
	}
}

// makeAPI waits for the read models, finishes what a process that died left half done, and wires the API.
func (l *ledger) makeAPI(ctx context.Context) error {
	upkeep := l.upkeep()
	l.front.maintain(upkeep.Alone())
	head, err := l.store.Head(ctx)
	if err != nil {
		return fmt.Errorf("head of the log: %w", err)
	}
	l.log.Info("waiting for the read models", "head", head)
	if err := l.models.Wait(ctx, head); err != nil {
		return err
	}
	if err := l.awaitOutcomes(ctx, head); err != nil {
		return err
	}
	handler := eventstore.NewHandler(l.telemetry.Store(l.store), eventstore.NewCodec(vocabulary.Events(), l.keys), knownOutcomes{l.db, l.models}, eventstore.Options{
		SoleWriter: l.config.SoleWriter || l.config.EventStore == "", Rules: l.config.rules(), Eraser: l.keys, Logger: l.log.With("part", "handler")})
	if err := l.finish(ctx, handler); err != nil {
		return err
	}
	reader, err := intake.NewReader(intake.Options{AllowHistory: l.config.AllowHistory, Now: l.config.Trial.now, Digest: l.keys.Digest})
	if err != nil {
		return err
	}
	l.api = httpapi.New(httpapi.Options{Handler: l.telemetry.Commands(handler), Decided: l.telemetry.Decided, Reader: reader, Journal: l.journal, DB: l.db, Models: l.models, Events: l.store, Log: l.store, Sealer: l.keys, Digest: l.keys.Digest,
		Upkeep: upkeep, Proofs: audit.NewHandler(l.config.proofs(), l.store, l.log.With("part", "proofs")), Status: l.status, Now: l.config.Trial.now, Logger: l.log.With("part", "api")})
	context.AfterFunc(ctx, l.api.Stop)
	return nil
}

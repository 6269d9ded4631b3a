package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/partnerledger/partnerledger/internal/httpapi"
	"github.com/partnerledger/partnerledger/internal/telemetry"
	"github.com/partnerledger/partnerledger/internal/wire"
)

// front is what a process shows the world: the API, where it plays that role, and health, metrics and status
// for operators, there and on an address of their own. It listens from the first moment on, so that whoever
// looks after the process can tell starting from hanging; what isn't there yet says so.
type front struct {
	api    atomic.Pointer[http.Handler]
	upkeep atomic.Pointer[http.Handler] // until the API is there
	opened atomic.Pointer[ledger]       // set once its parts may be looked at

	address, operations string // where it listens, as URLs; empty where it doesn't
	serving             *http.Server
	served              chan error
	closers             []func() error
}

// openTelemetry makes what the process tells of itself.
func (l *ledger) openTelemetry(ctx context.Context) (err error) {
	l.telemetry, err = telemetry.Open(ctx, telemetry.Options{Version: version(), Getenv: os.Getenv, Exporter: l.config.spans, Logger: l.log.With("part", "telemetry")})
	if err != nil {
		return err
	}
	l.onClose(func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
		defer cancel()
		if err := l.telemetry.Close(ctx); err != nil { // a collector that is away is no reason to fail
			l.log.Warn("the last traces could not be sent", "error", err)
		}
		return nil
	})
	return nil
}

// openFront listens. Ports that are taken are found out before anything else begins.
func (l *ledger) openFront(ctx context.Context) (err error) {
	l.front = &front{served: make(chan error, 2)}
	l.onClose(l.front.close)
	if l.config.plays(roleAPI) {
		if l.front.serving, l.front.address, err = l.front.listen(ctx, l.config.HTTP, l.front.withAPI(l)); err != nil {
			return fmt.Errorf("--http: %w", err)
		}
	}
	if l.config.Ops != "" {
		server, address, err := l.front.listen(ctx, l.config.Ops, l.front.withoutAPI(l))
		if err != nil {
			return fmt.Errorf("--ops: %w", err)
		}
		l.front.operations = address
		l.front.closers = append(l.front.closers, server.Close)
	}
	return l.telemetry.Watch(l.front.status)
}

// announce says where operators look at this process, if that is an address of its own.
func (f *front) announce(stdout io.Writer) {
	if f.operations != "" {
		fmt.Fprintf(stdout, "ledgerd is watched at %s (/health/ready, /metrics, /v1/status)\n", f.operations)
	}
}

func (f *front) listen(ctx context.Context, address string, h http.Handler) (*http.Server, string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) }}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			f.served <- err
		}
	}()
	return server, "http://" + listener.Addr().String(), nil
}

// operationsOf looks at the parts as soon as they are there.
func (f *front) operationsOf(l *ledger) httpapi.Operations {
	return httpapi.Operations{
		Checks: func(ctx context.Context) []httpapi.Check {
			if opened := f.opened.Load(); opened != nil {
				return opened.checks(ctx)
			}
			return starting(ctx)
		},
		Status:  f.status,
		Metrics: l.telemetry.Metrics(),
	}
}

// status is that of the parts, once they are there.
func (f *front) status(ctx context.Context) (wire.Condition, error) {
	if opened := f.opened.Load(); opened != nil {
		return opened.status(ctx)
	}
	return wire.Condition{}, errStarting
}

// withAPI serves the API beside the operators' routes; until it is there, what is asked of it is answered so.
func (f *front) withAPI(l *ledger) http.Handler {
	mux := http.NewServeMux()
	f.operationsOf(l).Routes(mux)
	api := l.telemetry.Requests(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := f.api.Load(); h != nil {
			(*h).ServeHTTP(w, r)
			return
		}
		if h := f.upkeep.Load(); h != nil {
			(*h).ServeHTTP(w, r)
			return
		}
		httpapi.Starting(w, r)
	}))
	mux.Handle("/", api)
	return mux
}

func (f *front) withoutAPI(l *ledger) http.Handler {
	mux := http.NewServeMux()
	o := f.operationsOf(l)
	o.Routes(mux)
	o.StatusRoute(mux)
	return mux
}

// answer lets the API answer from now on, and says where.
func (f *front) answer(api http.Handler, stdout io.Writer) {
	f.api.Store(&api)
	fmt.Fprintf(stdout, "ledgerd answers at %s (API: %s/docs)\n", f.address, f.address)
}

// maintain lets people look after the read models for which the API waits.
func (f *front) maintain(upkeep http.Handler) { f.upkeep.Store(&upkeep) }

// answers tells whether the API does.
func (f *front) answers() bool { return f.api.Load() != nil }

// shutdownTime is how long requests under way may take to end.
const shutdownTime = 10 * time.Second

// shutdown ends the API: requests under way are answered, as long as that doesn't take too long.
func (f *front) shutdown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	if err := f.serving.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("http: %w", err), f.serving.Close())
	}
	return nil
}

func (f *front) close() error {
	var errs []error
	if f.serving != nil {
		errs = append(errs, f.serving.Close())
	}
	for _, c := range f.closers {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

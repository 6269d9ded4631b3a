package main

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore/esdbnode"
	"github.com/partnerledger/partnerledger/internal/httpapi"
	"github.com/partnerledger/partnerledger/internal/natsnode"
	"github.com/partnerledger/partnerledger/internal/wire"
	"github.com/partnerledger/partnerledger/projections/outcomes"
)

// shared are the parts that processes of a split ledger share; both can go away and come back.
type shared struct {
	t            *testing.T
	dir, feedDir string
	node         *esdbnode.Node
	feed         *natsnode.Node
	store, nats  string // where they are
}

func share(t *testing.T) *shared {
	t.Helper()
	s := &shared{t: t, dir: t.TempDir(), feedDir: t.TempDir()}
	s.startStore("127.0.0.1:0")
	s.startNATS("127.0.0.1:-1")
	s.store, s.nats = s.node.ConnectionString(), s.feed.ClientURL()
	t.Cleanup(func() { s.feed.Close(); require.NoError(t, s.node.Close()) })
	return s
}

func (s *shared) startStore(listen string) {
	s.t.Helper()
	var err error
	s.node, err = esdbnode.Start(s.t.Context(), esdbnode.Options{Dir: s.dir, Listen: listen})
	require.NoError(s.t, err)
}

func (s *shared) startNATS(listen string) {
	s.t.Helper()
	var err error
	s.feed, err = natsnode.Start(natsnode.Options{Dir: s.feedDir, Listen: listen})
	require.NoError(s.t, err)
}

var watchedLine = regexp.MustCompile(`watched at (http://\S+)`)

// process is one of a split ledger; ops is where it is watched.
type process struct {
	t    *testing.T
	out  *announced
	ops  string
	stop func()
}

// play runs one role on a database until it is stopped, and returns as soon as it can be watched.
func (s *shared) play(role, database string) *process {
	s.t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(s.t.Context()))
	var running sync.WaitGroup
	p := &process{t: s.t, out: &announced{}}
	p.stop = func() { stop(); running.Wait() }
	args := []string{"--run", role, "--data", s.t.TempDir(), "--http", "127.0.0.1:0", "--ops", "127.0.0.1:0", "--log-level", "error", "--allow-history",
		"--eventstore", s.store, "--nats", s.nats, "--database", "sqlite:" + database}
	running.Go(func() {
		if err := run(ctx, args, func(string) string { return "" }, p.out); err != nil {
			s.t.Errorf("%s: %v", role, err)
		}
	})
	s.t.Cleanup(p.stop)
	require.Eventually(s.t, func() bool {
		if found := watchedLine.FindStringSubmatch(p.out.all()); found != nil {
			p.ops = found[1]
		}
		return p.ops != ""
	}, 30*time.Second, time.Millisecond)
	return p
}

// ask asks for a document and gives its HTTP status.
func ask(t *testing.T, target string, into any) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, into), string(text))
	return response.StatusCode
}

// becomes waits until the process is ready, or isn't for this reason; it is alive all the while.
func (p *process) becomes(status int, check string, state httpapi.CheckState) {
	p.t.Helper()
	var last httpapi.Readiness
	require.Eventually(p.t, func() bool {
		var live map[string]bool
		require.Equal(p.t, http.StatusOK, ask(p.t, p.ops+"/health/live", &live))
		last = httpapi.Readiness{}
		got := ask(p.t, p.ops+"/health/ready", &last)
		require.Equal(p.t, got == http.StatusOK, last.Ready)
		for _, c := range last.Checks {
			require.Regexp(p.t, `^[A-Z].*\.$`, c.Detail)
			if c.Name == check && c.State == state && got == status {
				return true
			}
		}
		return false
	}, 40*time.Second, 20*time.Millisecond, "%v", &last)
}

// Ensure every role is watched from its first moment on; that it stops being ready when NATS or the event
// store goes away, says so, stays alive, and is ready again when that is back.
func TestReadyFollowsWhatIsNeeded(t *testing.T) {
	s := share(t)
	database := t.TempDir() + "/models.db"
	relay, projector, api := s.play("relay", database), s.play("projector", database), s.play("api", database)
	relay.becomes(http.StatusOK, "relay", httpapi.OK)
	projector.becomes(http.StatusOK, "projection timeline", httpapi.OK)
	api.becomes(http.StatusOK, "api", httpapi.OK)

	s.feed.Close()
	relay.becomes(http.StatusServiceUnavailable, "nats", httpapi.Failing)
	projector.becomes(http.StatusServiceUnavailable, "nats", httpapi.Failing)
	api.becomes(http.StatusOK, "api", httpapi.OK) // which needs no NATS
	s.startNATS(strings.TrimPrefix(s.nats, "nats://"))
	relay.becomes(http.StatusOK, "nats", httpapi.OK)
	projector.becomes(http.StatusOK, "nats", httpapi.OK)

	address := s.node.Addr().String()
	require.NoError(t, s.node.Close())
	for _, p := range []*process{relay, projector, api} {
		p.becomes(http.StatusServiceUnavailable, "event-store", httpapi.Failing)
	}
	s.startStore(address)
	for _, p := range []*process{relay, projector, api} {
		p.becomes(http.StatusOK, "event-store", httpapi.OK)
	}
}

// Ensure an API that waits for its read models says so to whoever asks, tells the true lag although nothing
// in its process counts events, and is ready once somebody has filled them.
func TestWaitingAPITellsItsLag(t *testing.T) {
	s := share(t)
	log, database := t.TempDir()+"/first.db", t.TempDir()+"/second.db"
	first := []*process{s.play("relay", log), s.play("projector", log), s.play("api", log)}
	first[2].becomes(http.StatusOK, "api", httpapi.OK)
	d := &inside{t: t, address: first[2].out.address()}
	for range 5 {
		d.one(anyone()).answer(t)
	}

	api := s.play("api", database)
	api.becomes(http.StatusServiceUnavailable, "api", httpapi.Failing)
	var now wire.Condition
	require.Eventually(t, func() bool { return ask(t, api.ops+"/v1/status", &now) == http.StatusOK && now.Events != nil }, 10*time.Second, 10*time.Millisecond)
	require.EqualValues(t, 5, *now.Events)
	require.Len(t, now.Parts, len(readModels()))
	for _, p := range now.Parts {
		require.EqualValues(t, 5, *p.Lag, p.Name)
		require.Positive(t, *p.LagSeconds, p.Name)
		require.Equal(t, now.Head, p.Head)
	}
	s.play("projector", database)
	api.becomes(http.StatusOK, "api", httpapi.OK)
	require.Equal(t, http.StatusOK, ask(t, api.ops+"/v1/status", &now))
	for _, p := range now.Parts {
		require.Zero(t, *p.Lag, p.Name)
		require.Zero(t, *p.LagSeconds, p.Name)
	}
}

// Ensure what stands still makes those unready who can't do without it, and is shown to all; and that a lag
// is borne as long as a query would wait.
func TestWhichPartsAreNeeded(t *testing.T) {
	name := outcomes.Projection{}.Name()
	part := func(name, state string, behind float64) wire.Part {
		return wire.Part{Name: name, Kind: wire.Projection, State: state, LagSeconds: &behind}
	}
	api, projector := &ledger{config: config{Run: []string{roleAPI, roleProjector}}}, &ledger{config: config{Run: []string{roleProjector}}}
	for _, c := range []struct {
		part           wire.Part
		api, projector httpapi.CheckState
	}{
		{part("timeline", "running", 0), httpapi.OK, httpapi.OK},
		{part("timeline", "running", 29), httpapi.OK, httpapi.OK},
		{part("timeline", "running", 31), httpapi.Failing, httpapi.Failing},
		{part("timeline", "stopped", 3600), httpapi.Degraded, httpapi.Failing},
		{part(name, "stopped", 0), httpapi.Failing, httpapi.Failing},
		{part("timeline", "rebuilding", 3), httpapi.Degraded, httpapi.Degraded},
		{wire.Part{Name: "timeline", Kind: wire.Projection, State: "running"}, httpapi.OK, httpapi.OK},
	} {
		require.Equal(t, c.api, api.partCheck(c.part).State, c.part)
		require.Equal(t, c.projector, projector.partCheck(c.part).State, c.part)
	}
}

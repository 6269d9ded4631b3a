//go:build linux

package campaign

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/esdb"
	"github.com/partnerledger/partnerledger/internal/client"
	"github.com/partnerledger/partnerledger/internal/deathpoint"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

const dying, sleeping = deathpoint.Dying, deathpoint.Sleeping

// world is a whole ledger in processes, with a proxy, here called a door, between any two that talk.
type world struct {
	t       *testing.T
	dir     string
	without string // guards that are off
	// patience is how long the world may take to do what it must do.
	patience time.Duration

	eventStore, nats, api *process
	relays, projectors    []*process
	doors                 map[string]*proxy
	database              string // URL without a door
	postgres              bool

	store  eventstore.Store // the log as it is, through a door that is never shut
	conn   *nats.Conn       // the stream as it is
	client *client.Client
	db     *sqldb.DB
}

// Who goes through which door.
const (
	storeForAPI, storeForRelays, storeForProjectors, storeForSubscriber = "store/api", "store/relays", "store/projectors", "store/subscriber"
	natsForRelays, natsForProjectors, natsForSubscriber                 = "nats/relays", "nats/projectors", "nats/subscriber"
	storeForUs, natsForUs                                               = "store/us", "nats/us"
	databaseDoor, apiDoor                                               = "database", "api"
)

// newWorld starts all of it; the test's end ends it.
func newWorld(t *testing.T, program string, without string) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), without: without, patience: usualPatience, doors: map[string]*proxy{}}
	w.separateDisks()
	for _, name := range []string{storeForAPI, storeForRelays, storeForProjectors, storeForSubscriber, storeForUs,
		natsForRelays, natsForProjectors, natsForSubscriber, natsForUs, databaseDoor, apiDoor} {
		w.doors[name] = newProxy(t)
	}
	w.makeDatabase()
	w.eventStore = w.part("eventstore", os.Args[0], "store/", w.path("eventstore"))
	w.eventStore.env = []string{asPart + "=eventstore"}
	w.nats = w.part("nats", os.Args[0], "nats/", w.path("nats"))
	w.nats.env = []string{asPart + "=nats"}
	w.eventStore.up()
	w.nats.up()
	w.await("the event store and NATS", func() bool { return w.eventStore.isReady() && w.nats.isReady() })

	w.api = w.role(program, "api", "api", storeForAPI, natsForUs)
	w.api.lead = w.leadTo(apiDoor)
	for n := range 2 {
		w.relays = append(w.relays, w.role(program, fmt.Sprint("relay", n+1), "relay", storeForRelays, natsForRelays))
	}
	shares := []string{"0-15", "0-15"}
	if w.postgres {
		shares = []string{"0-7", "8-15", "0-7", "8-15"} // SQLite has one writer by nature
	}
	for n, share := range shares {
		p := w.role(program, fmt.Sprint("projector", n+1), "projector", storeForProjectors, natsForProjectors)
		p.args = append(p.args, "--partitions", share)
		w.projectors = append(w.projectors, p)
	}
	for _, p := range w.roles() {
		p.up()
	}
	w.look()
	return w
}

// part is a process of the world; its address is told to all doors that begin like this.
func (w *world) part(name, program, doors string, args ...string) *process {
	p := &process{name: name, program: program, args: args, happened: make(chan int, 1), lead: w.leadTo(doors)}
	w.t.Cleanup(func() { p.down(syscall.SIGKILL) })
	return p
}

func (w *world) leadTo(doors string) func(string) {
	return func(address string) {
		u, err := url.Parse(address)
		if err != nil {
			return
		}
		for name, door := range w.doors {
			if strings.HasPrefix(name, doors) {
				door.lead(u.Host)
			}
		}
	}
}

// role is a ledgerd that plays one role.
func (w *world) role(program, name, role, store, nats string) *process {
	p := &process{name: name, program: program, happened: make(chan int, 1)}
	p.args = []string{"--run", role, "--data", w.path("data"), "--http", "127.0.0.1:0", "--log-level", "info", "--allow-history",
		"--eventstore", "esdb://" + w.doors[store].address() + "?tls=false", "--nats", "nats://" + w.doors[nats].address(),
		"--database", w.behind(databaseDoor, w.database)}
	if w.without != "" {
		p.env = []string{"LEDGERD_WITHOUT=" + w.without}
	}
	w.t.Cleanup(func() { p.down(syscall.SIGKILL) })
	return p
}

// roles are the processes of the ledger itself; parts are all.
func (w *world) roles() []*process {
	return append(append([]*process{w.api}, w.relays...), w.projectors...)
}

func (w *world) parts() []*process { return append([]*process{w.eventStore, w.nats}, w.roles()...) }

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

// diskSize is how large each disk of a world is.
const diskSize = 192 << 20

// separateDisks gives each directory a file system of its own, where that is permitted.
func (w *world) separateDisks() {
	for _, name := range []string{"eventstore", "nats", "data"} {
		require.NoError(w.t, os.Mkdir(w.path(name), 0o700))
		mount(w.t, w.path(name))
	}
}

// mount puts an empty file system in place of a directory until the test ends; it may not be permitted.
func mount(t *testing.T, dir string) bool {
	t.Helper()
	if syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", diskSize)) != nil {
		return false
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return true
}

func canMount(t *testing.T) bool { return mount(t, t.TempDir()) }

// postgresVariable names a PostgreSQL server for the read models; without it they are in SQLite.
const postgresVariable = "LEDGER_TEST_POSTGRES"

func (w *world) makeDatabase() {
	server := os.Getenv(postgresVariable)
	if server == "" {
		w.database = "sqlite:" + w.path("data/models.db")
		return
	}
	w.postgres = true
	schema := fmt.Sprintf("campaign_%d", time.Now().UnixNano())
	admin, err := sqldb.Open(w.t.Context(), server)
	require.NoError(w.t, err)
	make := func(tx *sqldb.Tx) error { return tx.Script(w.t.Context(), "CREATE SCHEMA "+schema) }
	require.NoError(w.t, admin.Write(w.t.Context(), make))
	require.NoError(w.t, admin.Close())
	u, err := url.Parse(server)
	require.NoError(w.t, err)
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	w.database = u.String()
	w.doors[databaseDoor].lead(u.Host)
}

// behind gives the URL with the door for its host.
func (w *world) behind(door, address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address
	}
	u.Host = w.doors[door].address()
	return u.String()
}

// look opens what the campaign itself looks at.
func (w *world) look() {
	var err error
	quiet := slog.New(slog.DiscardHandler)
	store, err := esdb.Open(esdb.Options{ConnectionString: "esdb://" + w.doors[storeForUs].address() + "?tls=false", Logger: quiet})
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = store.Close() })
	w.store = store
	w.conn, err = nats.Connect("nats://"+w.doors[natsForUs].address(), nats.MaxReconnects(-1), nats.RetryOnFailedConnect(true), nats.ReconnectWait(50*time.Millisecond))
	require.NoError(w.t, err)
	w.t.Cleanup(w.conn.Close)
	w.client, err = client.New("http://" + w.doors[apiDoor].address())
	require.NoError(w.t, err)
	w.await("the API", w.api.isReady)
	w.db, err = sqldb.Open(w.t.Context(), w.database)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = w.db.Close() })
}

const usualPatience = 90 * time.Second

// await waits for a condition, and fails the test with what all processes said last if it never comes.
func (w *world) await(what string, holds func() bool) {
	w.t.Helper()
	if !until(w.t.Context(), w.patience, holds) {
		w.t.Fatalf("%s: not within %s\n%s", what, w.patience, w.lastWords())
	}
}

// until polls for a condition.
func until(ctx context.Context, patience time.Duration, holds func() bool) bool {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	for !holds() {
		select {
		case <-tick.C:
		case <-end:
			return false
		case <-ctx.Done():
			return false
		}
	}
	return true
}

func (w *world) lastWords() string {
	var out strings.Builder
	for _, p := range w.parts() {
		p.mu.Lock()
		fmt.Fprintf(&out, "%s, life %d:\n    %s\n", p.name, p.lives, strings.Join(last(p.lines, 8), "\n    "))
		p.mu.Unlock()
	}
	return out.String()
}

// marks are places in what some processes say.
type marks map[*process]int

func (w *world) mark(of ...*process) marks {
	m := marks{}
	for _, p := range of {
		m[p] = p.mark()
	}
	return m
}

// said counts what any of them has said since.
func (m marks) said(pattern string) (times int) {
	what := regexp.MustCompile(pattern)
	for p, since := range m {
		times += p.said(since, what)
	}
	return times
}

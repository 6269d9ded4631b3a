package evidence

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/memory"
	"github.com/partnerledger/partnerledger/internal/audit"
	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

const origin = "ledger.example.org/partners"

// world is a ledger with its proof log, as an auditor sees it.
type world struct {
	t         testing.TB
	log       *memory.Store
	keys      *audit.KeyRing
	dir       string
	witnesses []audit.Witness
	server    *httptest.Server
	last      audit.Status
}

// newWorld is a ledger whose proof log is signed with these keys, and empty.
func newWorld(t testing.TB, keys *audit.KeyRing, witnesses ...*witness) *world {
	w := &world{t: t, log: memory.New(), keys: keys, dir: t.TempDir()}
	for _, one := range witnesses {
		parsed, err := audit.ParseWitness(one.vkey + "@" + one.server.URL)
		require.NoError(t, err)
		w.witnesses = append(w.witnesses, parsed)
	}
	mux := http.NewServeMux()
	mux.Handle(audit.Prefix, audit.NewHandler(w.dir, w.log, slog.New(slog.DiscardHandler)))
	mux.HandleFunc("/v1/timeline", w.timeline)
	w.server = httptest.NewServer(mux)
	t.Cleanup(w.server.Close)
	return w
}

func newKeys(t testing.TB) *audit.KeyRing {
	keys, err := audit.CreateKeys(filepath.Join(t.TempDir(), "notary.keys"), origin)
	require.NoError(t, err)
	return keys
}

// timeline answers as the ledger does, all on one page: the events of customer=, or all.
func (w *world) timeline(out http.ResponseWriter, r *http.Request) {
	var items []string
	seq := 0
	for e := range w.log.ReadAll(r.Context(), eventstore.Beginning) {
		if c := r.URL.Query().Get("customer"); c == "" || e.Stream == "customer-p."+c {
			items = append(items, fmt.Sprintf(`{"seq":%d,"stream":%q}`, seq, e.Stream))
		}
		seq++
	}
	fmt.Fprintf(out, `{"items":[%s]}`, strings.Join(items, ","))
}

// get is the ledger as Collect asks it.
func (w *world) get(ctx context.Context, path string, query url.Values) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.server.URL+path+"?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusNotFound {
		return nil, errors.Join(fs.ErrNotExist, response.Body.Close())
	}
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(response.Body)
		return nil, errors.Join(fmt.Errorf("%s: %s", response.Status, text), response.Body.Close())
	}
	return response.Body, nil
}

// data is what event i of every world says; a fork says something else of one.
func data(i int) []byte {
	return fmt.Appendf(nil, `{"quantity":%d,"name":"<Contoso & Söhne %d>"}`, i, i)
}

// fill appends the events with these numbers; changed says what other data some have.
func (w *world) fill(from, to int, changed map[int][]byte) {
	w.t.Helper()
	for i := from; i < to; i++ {
		d := data(i)
		if other, ok := changed[i]; ok {
			d = other
		}
		_, err := w.log.Append(w.t.Context(), fmt.Sprintf("customer-p.%d", i%7), eventstore.Revision(i/7)-1, eventstore.Proposed{
			ID: uuid.NewSHA1(uuid.Nil, fmt.Append(nil, i)), Type: "QuantityChanged", Data: d,
			Metadata: fmt.Appendf(nil, `{"at":"2026-03-01T00:%02d:00Z","actor":{"userPrincipalName":"u%d@northwind.example"},"part":%d}`, i%60, i%3, i)})
		require.NoError(w.t, err)
	}
}

type numbered struct{ eventstore.Store }

func (n numbered) Events(ctx context.Context, after eventstore.Cursor) iter.Seq2[eventstore.Sequenced, error] {
	return func(yield func(eventstore.Sequenced, error) bool) {
		seq := after.NextSeq
		for r, err := range n.Subscribe(ctx, after.Position) {
			if !yield(eventstore.Sequenced{Recorded: r, Seq: seq}, err) || err != nil {
				return
			}
			seq++
		}
	}
}

// notarize lets a notary work until done says so of its status.
func (w *world) notarize(done func(audit.Status) bool) {
	w.t.Helper()
	n := audit.NewNotary(audit.Options{Dir: w.dir, Keys: w.keys, Source: numbered{w.log}, Log: w.log, Witnesses: w.witnesses,
		Interval: 5 * time.Millisecond, Retry: 5 * time.Millisecond, Logger: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithCancel(w.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	require.Eventually(w.t, func() bool { w.last = n.Status(); return done(w.last) }, 60*time.Second, time.Millisecond)
	stop()
	<-ended
}

// sign brings everything under a checkpoint, and under the witnesses'.
func (w *world) sign(n int) {
	w.t.Helper()
	w.notarize(func(s audit.Status) bool {
		for _, witness := range s.Witnesses {
			if witness.Size < int64(n) {
				return false
			}
		}
		return s.Signed >= int64(n)
	})
}

// checkpoint is the newest.
func (w *world) checkpoint() []byte {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, "checkpoint"))
	require.NoError(w.t, err)
	return text
}

func (w *world) collect(r Request) (Bundle, error) { return Collect(w.t.Context(), w.get, r) }

func (w *world) bundle(r Request) Bundle {
	w.t.Helper()
	b, err := w.collect(r)
	require.NoError(w.t, err)
	return b
}

func zipped(t testing.TB, b Bundle) []byte {
	t.Helper()
	text, err := b.Zip()
	require.NoError(t, err)
	return text
}

// export is the whole log as files.
func (w *world) export() map[string][]byte {
	w.t.Helper()
	dir := filepath.Join(w.t.TempDir(), "log")
	_, err := Export(w.t.Context(), w.get, dir, nil, func(int64, int64) {})
	require.NoError(w.t, err)
	all := map[string][]byte{}
	require.NoError(w.t, fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			all[name], err = os.ReadFile(filepath.Join(dir, name))
		}
		return err
	}))
	return all
}

// checks are those of an auditor who knows the keys.
func checks(t testing.TB, vkeys []string, since []byte, witnesses ...*witness) Checks {
	t.Helper()
	c := Checks{Since: since}
	for _, vkey := range vkeys {
		v, err := proof.LogKey(vkey)
		require.NoError(t, err)
		c.Trust.Log = append(c.Trust.Log, v)
	}
	for _, w := range witnesses {
		c.Trust.Witnesses = append(c.Trust.Witnesses, w.verifier(t))
	}
	return c
}

func (w *witness) verifier(t testing.TB) note.Verifier {
	v, err := proof.WitnessKey(w.vkey)
	require.NoError(t, err)
	return v
}

// code is that of a fault.
func code(t testing.TB, err error) Code {
	t.Helper()
	f, ok := errors.AsType[*Fault](err)
	require.True(t, ok, "%v", err)
	return f.Code
}

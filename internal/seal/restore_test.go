package seal

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
)

// postgresVariable names the server for tests; without it they run on files alone.
const postgresVariable = "LEDGER_TEST_POSTGRES"

// postgres gives the URL of a new schema.
func postgres(t testing.TB) string {
	t.Helper()
	server := os.Getenv(postgresVariable)
	name := "k" + strings.ReplaceAll(uuid.NewString(), "-", "")
	db, err := sql.Open("pgx", server)
	require.NoError(t, err)
	_, err = db.Exec("CREATE SCHEMA " + name)
	require.NoError(t, errors.Join(err, db.Close()))
	u, err := url.Parse(server)
	require.NoError(t, err)
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

// doubleKMS stands for a key management service.
type doubleKMS struct {
	mu   sync.Mutex
	keys map[string]byte // a key is a number that bytes are shifted by
	next byte
	fail error // of whatever is asked next
}

func newKMS() *doubleKMS { return &doubleKMS{keys: map[string]byte{}} }

func (d *doubleKMS) failing() error {
	err := d.fail
	d.fail = nil
	return err
}

func (d *doubleKMS) Create() (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.next++
	name := fmt.Sprint("kek-", d.next)
	d.keys[name] = d.next
	return name, d.failing()
}

func (d *doubleKMS) shift(name string, text []byte, sign byte) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	by, ok := d.keys[name]
	if !ok {
		return nil, errors.New("the key was destroyed")
	}
	out := make([]byte, len(text))
	for i, b := range text {
		out[i] = b + sign*by
	}
	return out, d.failing()
}

func (d *doubleKMS) Wrap(name string, key []byte) ([]byte, error)   { return d.shift(name, key, 1) }
func (d *doubleKMS) Unwrap(name string, key []byte) ([]byte, error) { return d.shift(name, key, 255) }

func (d *doubleKMS) Destroy(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.keys, name)
	return d.failing()
}

// put copies the named files of one directory into another.
func put(t *testing.T, from, to string, names ...string) {
	t.Helper()
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(from, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(to, name), content, 0o600))
	}
}

// Ensure what a backup brings back of a forgotten person opens nothing: not the key store with today's master
// key, not an older master key with today's store, and not both once the log was heard; and that everybody else
// is still there with an older key store.
func TestRestore(t *testing.T) {
	for name, restored := range map[string][]string{
		"the key store": {databaseName}, "the master key": {masterName}, "both": {databaseName, masterName},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			k := open(t, dir)
			gone, kept := seal(t, k, "alice", "goes"), seal(t, k, "bob", "stays")
			require.NoError(t, k.Close())
			backup := copyOf(t, dir)
			k = open(t, dir)
			require.NoError(t, k.ForgetOnce("alice", "event 1"))
			require.NoError(t, k.Close())
			put(t, backup, dir, restored...)

			k = open(t, dir)
			if clear, err := k.Open("alice", binding, gone); len(restored) == 1 {
				require.Error(t, err)
				require.Empty(t, clear)
			} else {
				require.NoError(t, err, "a whole copy opens what it holds, until it hears the log")
			}
			require.NoError(t, k.ForgetAll([]Forgetting{{"alice", "event 1"}}))
			_, err := k.Open("alice", binding, gone)
			require.ErrorIs(t, err, eventstore.ErrForgotten)
			requireOpens(t, k, "bob", kept, "stays")
			requireOpens(t, k, "alice", seal(t, k, "alice", "anew"), "anew")
			require.NoError(t, k.Close())

			// Now neither of the restored files is any better than what it was put over.
			put(t, backup, dir, databaseName)
			_, err = open(t, dir).Open("alice", binding, gone)
			require.Error(t, err)
		})
	}
}

// Ensure no wrapped key of a backup can be unwrapped with the master key from after its owner was forgotten, and
// each other one can: tried one by one.
func TestRestore_NoWrappedKeyOpens(t *testing.T) {
	each(t, func(t *testing.T, k *Keys) {
		const subjects = 200
		backup := make([]record, subjects)
		for i := range backup {
			subject := fmt.Sprint("s", i)
			seal(t, k, subject, "text")
			var err error
			backup[i], err = k.store.find(keyRef{subject, 1})
			require.NoError(t, err)
			_, err = k.unwrap(backup[i])
			require.NoError(t, err, "this is how one is unwrapped")
		}
		for i := 0; i < subjects; i += 3 {
			require.NoError(t, k.Forget(fmt.Sprint("s", i)))
		}
		for i, r := range backup {
			_, err := k.unwrap(r)
			require.Equal(t, i%3 == 0, err != nil, "%d: %v", i, err)
		}
	})
}

// Ensure a wrapped key put back into the tables of a running ledger opens nothing, in PostgreSQL too.
func TestRestore_WhileRunning(t *testing.T) {
	each(t, func(t *testing.T, k *Keys) {
		sealed := seal(t, k, "alice", "goes")
		r, err := k.store.find(keyRef{"alice", 1})
		require.NoError(t, err)
		require.NoError(t, k.Forget("alice"))
		db := k.store.(*sqlStore).db
		_, err = db.Exec("UPDATE data_keys SET wrapped = $1, state = 0", r.wrapped)
		require.NoError(t, err)
		_, err = k.Open("alice", binding, sealed)
		require.ErrorIs(t, err, eventstore.ErrForgotten, "the fence says so")
		_, err = db.Exec("DELETE FROM key_fences")
		require.NoError(t, err)
		_, err = k.Open("alice", binding, sealed)
		require.ErrorIs(t, err, errUnusable, "the leaf is cut")
	})
}

// Ensure a crash between destroying a key and cutting its leaf is made good at the next start.
func TestOpen_CutsWhatACrashLeft(t *testing.T) {
	dir := t.TempDir()
	k := open(t, dir)
	seal(t, k, "alice", "goes")
	r, err := k.store.find(keyRef{"alice", 1})
	require.NoError(t, err)
	require.NoError(t, k.store.forget([]Forgetting{{"alice", "event 1"}}))
	_, err = k.unwrap(r)
	require.NoError(t, err)
	require.NoError(t, k.Close())
	_, err = open(t, dir).unwrap(r)
	require.Error(t, err)
}

// Ensure a vault that fails fails the forgetting, which then can be said again.
func TestForget_VaultFails(t *testing.T) {
	dir, kms := t.TempDir(), newKMS()
	k := openWith(t, Options{Dir: dir, Vault: Wrapped(kms, FileVault(filepath.Join(dir, masterName)))})
	sealed := seal(t, k, "alice", "goes")
	r, err := k.store.find(keyRef{"alice", 1})
	require.NoError(t, err)
	kms.fail = errors.New("no quota")
	require.ErrorContains(t, k.ForgetOnce("alice", "event 1"), "no quota")
	_, err = k.Open("alice", binding, sealed)
	require.ErrorIs(t, err, eventstore.ErrForgotten)
	require.NoError(t, k.ForgetOnce("alice", "event 1"))
	kept := &master{vault: k.master.vault}
	require.NoError(t, kept.load(false))
	require.Empty(t, kept.reaches([]uint32{r.leaf}), "the vault still has the master key from before")
}

// Ensure that with a KMS not even a whole copy of the directory opens anything once somebody was forgotten.
func TestWrapped_AWholeBackupIsWorthless(t *testing.T) {
	dir, kms := t.TempDir(), newKMS()
	at := func(dir string) Options {
		return Options{Dir: dir, Vault: Wrapped(kms, FileVault(filepath.Join(dir, masterName)))}
	}
	k := openWith(t, at(dir))
	seal(t, k, "alice", "goes")
	require.NoError(t, k.Close())
	backup := copyOf(t, dir)
	k = openWith(t, at(dir))
	require.NoError(t, k.Forget("alice"))
	_, err := OpenWith(at(backup))
	require.ErrorContains(t, err, "destroyed")
	require.Len(t, kms.keys, 1, "former keys are destroyed")
}

// Ensure processes that share keys agree: on a key that one of them makes, at once; that nothing is sealed with
// keys that another has fenced off, at once; and that a person forgotten by one is unreadable in the other soon.
func TestPostgres_TwoProcesses(t *testing.T) {
	if os.Getenv(postgresVariable) == "" {
		return // the campaign's continuous run names a server
	}
	o := Options{Dir: t.TempDir(), Postgres: postgres(t)}
	a, b := openWith(t, o), openWith(t, o)
	require.Equal(t, a.Digest([]byte("x")), b.Digest([]byte("x")))

	sealed := seal(t, a, "alice", "one")
	requireOpens(t, b, "alice", sealed, "one")
	seal(t, b, "alice", "two")
	require.NoError(t, a.Fence("alice", "event 1"))
	after := seal(t, b, "alice", "three")
	requireOpens(t, b, "alice", sealed, "one")
	require.NoError(t, a.ForgetOnce("alice", "event 1"))
	require.Eventually(t, func() bool {
		_, err := b.Open("alice", binding, sealed)
		return errors.Is(err, eventstore.ErrForgotten)
	}, 30*time.Second, time.Millisecond)
	requireOpens(t, a, "alice", after, "three")
	requireOpens(t, b, "alice", after, "three")

	// Each cuts what it forgets from the one master key.
	var wait sync.WaitGroup
	for i, k := range []*Keys{a, b, a, b} {
		wait.Go(func() {
			for j := range 10 {
				subject := fmt.Sprint("s", i%2, ".", j)
				if _, err := k.Seal(subject, binding, "text"); err != nil {
					t.Error(err)
				}
				if err := k.Forget(subject); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	leaves, err := a.store.destroyed(false)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(leaves), 21)
	require.NoError(t, a.master.load(false))
	require.Empty(t, a.master.reaches(leaves), "one process undid what another had cut")
}

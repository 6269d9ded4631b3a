package seal

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
)

// files reads everything in a directory, by name.
func files(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	all := map[string][]byte{}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		require.NoError(t, err)
		all[e.Name()] = content
	}
	return all
}

// copyOf is what a crash at this moment would leave: the files as they are, without a goodbye.
func copyOf(t testing.TB, dir string) string {
	t.Helper()
	to := t.TempDir()
	for name, content := range files(t, dir) {
		require.NoError(t, os.WriteFile(filepath.Join(to, name), content, 0o600))
	}
	return to
}

// Ensure that texts can be opened, and forgotten ones can't, after the store was closed and opened again.
func TestOpen_Again(t *testing.T) {
	dir := t.TempDir()
	k := open(t, dir)
	kept, gone := seal(t, k, "alice", "stays"), seal(t, k, "bob", "goes")
	require.NoError(t, k.Forget("bob"))
	later := seal(t, k, "bob", "new")
	require.NoError(t, k.Close())

	k = open(t, dir)
	requireOpens(t, k, "alice", kept, "stays")
	requireOpens(t, k, "bob", later, "new")
	_, err := k.Open("bob", binding, gone)
	require.ErrorIs(t, err, eventstore.ErrForgotten)
	require.NoError(t, k.Forget("alice"))
	_, err = k.Open("alice", binding, kept)
	require.ErrorIs(t, err, eventstore.ErrForgotten)
}

// Ensure that whatever was answered survives a crash right after the answer.
func TestOpen_AfterCrash(t *testing.T) {
	dir := t.TempDir()
	k := open(t, dir)
	sealed := seal(t, k, "alice", "text")
	sealedCrash := copyOf(t, dir)
	require.NoError(t, k.Forget("alice"))
	forgottenCrash := copyOf(t, dir)

	requireOpens(t, open(t, sealedCrash), "alice", sealed, "text")
	_, err := open(t, forgottenCrash).Open("alice", binding, sealed)
	require.ErrorIs(t, err, eventstore.ErrForgotten)
}

// Ensure that a crash finds a forgetting either carried out and marked, or neither.
func TestForgetOnce_AfterCrash(t *testing.T) {
	dir := t.TempDir()
	k := open(t, dir)
	seal(t, k, "alice", "old")
	// The mark can't be stored, so that the keys mustn't be destroyed either.
	db := k.store.(*sqlStore).db
	_, err := db.Exec("CREATE TRIGGER refuse BEFORE INSERT ON key_fences BEGIN SELECT RAISE(ABORT, 'no room'); END")
	require.NoError(t, err)
	kept := seal(t, k, "alice", "kept")
	require.ErrorContains(t, k.ForgetOnce("alice", "event 1"), "no room")
	requireOpens(t, k, "alice", kept, "kept")
	_, err = db.Exec("DROP TRIGGER refuse")
	require.NoError(t, err)
	require.NoError(t, k.ForgetOnce("alice", "event 1"))
	k = open(t, copyOf(t, dir))
	after := seal(t, k, "alice", "new")
	require.NoError(t, k.ForgetOnce("alice", "event 1"))
	requireOpens(t, k, "alice", after, "new")
}

// Ensure that after forgetting, not even the wrapped key is in any file, wherever its pages have been.
func TestForget_LeavesNoBytes(t *testing.T) {
	dir := t.TempDir()
	k := open(t, dir)
	const subjects = 2_000
	for _, i := range rand.Perm(subjects) {
		_, err := k.store.ensure([]string{fmt.Sprint("subject", i)}, func(ref keyRef, leaf uint32) ([]byte, error) { return k.master.newKey(leaf, ref.binding()) })
		require.NoError(t, err)
	}
	found := func(wrapped []byte) (names []string) {
		for name, content := range files(t, dir) {
			if bytes.Contains(content, wrapped[:20]) || bytes.Contains(content, wrapped[len(wrapped)-20:]) {
				names = append(names, name)
			}
		}
		return names
	}
	for i := range 100 {
		subject := fmt.Sprint("subject", i*subjects/100)
		r, err := k.store.find(keyRef{subject, 1})
		require.NoError(t, err)
		require.NotEmpty(t, found(r.wrapped), "the search finds what is there")
		require.NoError(t, k.Forget(subject))
		require.Empty(t, found(r.wrapped), subject)
	}
}

// Ensure that the log which a crash left right after a key was destroyed is cut when the store is opened.
func TestOpen_CutsTheLog(t *testing.T) {
	dir := t.TempDir()
	k := open(t, dir)
	seal(t, k, "alice", "text")
	r, err := k.store.find(keyRef{"alice", 1})
	require.NoError(t, err)
	wrapped := r.wrapped
	_, err = k.store.(*sqlStore).db.Exec("UPDATE data_keys SET wrapped = zeroblob(length(wrapped)), state = 1")
	require.NoError(t, err)
	crash := copyOf(t, dir)
	require.True(t, bytes.Contains(files(t, crash)["keys.db-wal"], wrapped), "the log holds the key")
	open(t, crash)
	for name, content := range files(t, crash) {
		require.False(t, bytes.Contains(content, wrapped), name)
	}
}

// Ensure that no file holds a text, a key in clear, or can be read by others.
func TestOpen_FilesAreSafe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b?c#d")
	k := open(t, dir)
	seal(t, k, "alice", "ada@hill.example")
	for name, content := range files(t, dir) {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, name)
		require.False(t, bytes.Contains(content, []byte("ada@hill.example")), name)
		require.False(t, bytes.Contains(content, k.digestKey), name)
	}
	require.NoFileExists(t, filepath.Join(dir, masterName+draftSuffix))
}

// Ensure that keys are never opened, or made anew, with anything but their own master key.
func TestOpen_MasterKey(t *testing.T) {
	prepare := func(t *testing.T) (dir, master string) {
		dir = t.TempDir()
		k := open(t, dir)
		seal(t, k, "alice", "text")
		require.NoError(t, k.Close())
		return dir, filepath.Join(dir, masterName)
	}
	t.Run("missing", func(t *testing.T) {
		dir, master := prepare(t)
		require.NoError(t, os.Remove(master))
		_, err := Open(dir)
		require.ErrorIs(t, err, ErrMasterMissing)
		require.NoFileExists(t, master)
	})
	t.Run("another", func(t *testing.T) {
		dir, master := prepare(t)
		require.NoError(t, os.WriteFile(master, bytes.Repeat([]byte("ab"), keySize), 0o600))
		_, err := Open(dir)
		require.ErrorIs(t, err, errNotATree)
		require.NoError(t, os.WriteFile(master, newTree(bytes.Repeat([]byte{7}, keySize)).encode(), 0o600))
		_, err = Open(dir)
		require.ErrorContains(t, err, "not the one")
	})
	t.Run("damaged", func(t *testing.T) {
		dir, master := prepare(t)
		content, err := os.ReadFile(master)
		require.NoError(t, err)
		for _, damaged := range [][]byte{content[:10], {}, append([]byte("zz"), content[2:]...), append(content, content...), content[:len(content)-1]} {
			require.NoError(t, os.WriteFile(master, damaged, 0o600))
			_, err = Open(dir)
			require.ErrorContains(t, err, "master key")
			require.NotContains(t, err.Error(), string(content[len(treeForm)+5:len(treeForm)+13]))
		}
	})
	t.Run("readable by others", func(t *testing.T) {
		dir, master := prepare(t)
		require.NoError(t, os.Chmod(master, 0o644))
		_, err := Open(dir)
		require.ErrorContains(t, err, "0600")
	})
	t.Run("crash while it was made", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, masterName+draftSuffix), []byte("ab"), 0o600))
		k := open(t, dir)
		requireOpens(t, k, "alice", seal(t, k, "alice", "text"), "text")
		require.NoFileExists(t, filepath.Join(dir, masterName+draftSuffix))
	})
	t.Run("crash before the database was made", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, (&master{vault: FileVault(filepath.Join(dir, masterName))}).load(true))
		before, err := os.ReadFile(filepath.Join(dir, masterName))
		require.NoError(t, err)
		open(t, dir)
		after, err := os.ReadFile(filepath.Join(dir, masterName))
		require.NoError(t, err)
		require.Equal(t, hex.EncodeToString(before), hex.EncodeToString(after))
	})
}

// Ensure that a key moved to another subject's row doesn't open there, and harms that subject alone.
func TestOpen_MovedKey(t *testing.T) {
	dir := t.TempDir()
	k := open(t, dir)
	alice, bob := seal(t, k, "alice", "text"), seal(t, k, "bob", "text")
	_, err := k.store.(*sqlStore).db.Exec(`UPDATE data_keys SET wrapped = (SELECT wrapped FROM data_keys WHERE subject = 'alice') WHERE subject = 'bob'`)
	require.NoError(t, err)
	require.NoError(t, k.Close())
	k = open(t, dir)
	_, err = k.Open("bob", binding, bob)
	require.ErrorContains(t, err, "moved")
	_, err = k.Seal("bob", binding, "text")
	require.Error(t, err)
	requireOpens(t, k, "alice", alice, "text")
}

// Ensure that a second process can't hold the same keys: what one forgets the other would remember.
func TestOpen_OneAtATime(t *testing.T) {
	dir := t.TempDir()
	k := open(t, dir)
	_, err := Open(dir)
	require.ErrorContains(t, err, "another process")
	requireOpens(t, k, "alice", seal(t, k, "alice", "text"), "text")
	require.NoError(t, k.Close())
	open(t, dir)
}

// Ensure that new keys of a crowd share transactions: one a key would wait for the disk each time.
func TestKeys_GroupCommit(t *testing.T) {
	k, err := InMemory()
	require.NoError(t, err)
	gate := &gateStore{store: k.store, entered: make(chan struct{}), open: make(chan struct{})}
	k.store = gate
	errs := make(chan error)
	sealOne := func(subject string) {
		_, err := k.Seal(subject, binding, "text")
		errs <- err
	}
	go sealOne("first")
	<-gate.entered
	const crowd = 20
	for i := range crowd {
		go sealOne(fmt.Sprint("crowd", i))
	}
	require.Eventually(t, func() bool {
		k.mu.Lock()
		defer k.mu.Unlock()
		return len(k.pending) == crowd
	}, testPatience, testPatience/1e5)
	close(gate.open)
	for range crowd + 1 {
		require.NoError(t, <-errs)
	}
	require.EqualValues(t, 2, gate.adds.Load(), "one for the first, one for the crowd")
}

const testPatience = 30e9 // nanoseconds

// gateStore holds the first add back until it is opened.
type gateStore struct {
	store
	entered, open chan struct{}
	adds          atomic.Int64
}

func (s *gateStore) ensure(subjects []string, wrap func(keyRef, uint32) ([]byte, error)) ([]record, error) {
	if s.adds.Add(1) == 1 {
		s.entered <- struct{}{}
		<-s.open
	}
	return s.store.ensure(subjects, wrap)
}

// BenchmarkSeal_NewSubject makes a durable key for each text, the worst there is.
func BenchmarkSeal_NewSubject(b *testing.B) {
	for _, callers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			k := open(b, b.TempDir())
			var n atomic.Int64
			b.SetParallelism((callers + 1) / 2)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := k.Seal(fmt.Sprint("customer-", n.Add(1)), binding, "ada@hill.example"); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "subjects/s")
		})
	}
}

// BenchmarkSeal_KnownSubject seals with a key that is at hand.
func BenchmarkSeal_KnownSubject(b *testing.B) {
	k := open(b, b.TempDir())
	for b.Loop() {
		if _, err := k.Seal("customer-1", binding, "ada@hill.example"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen opens texts with keys that are at hand, and with keys that have to be read.
func BenchmarkOpen(b *testing.B) {
	k := open(b, b.TempDir())
	const subjects = 1_000
	sealed := make([]string, subjects)
	for i := range sealed {
		sealed[i] = seal(b, k, fmt.Sprint("customer-", i), strings.Repeat("x", 20))
	}
	run := func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, err := k.Open(fmt.Sprint("customer-", i%subjects), binding, sealed[i%subjects]); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("cached", run)
	k.cache = newCache(1)
	b.Run("read", run)
}

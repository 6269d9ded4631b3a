package seal

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
)

const binding = "0d5f2c1e-6f0a-5d9e-9a55-a1b2c3d4e5f6/billing/email"

// each runs a test on both kinds of key store.
func each(t *testing.T, test func(t *testing.T, k *Keys)) {
	t.Run("memory", func(t *testing.T) {
		k, err := InMemory()
		require.NoError(t, err)
		test(t, k)
	})
	t.Run("file", func(t *testing.T) { test(t, open(t, t.TempDir())) })
	t.Run("file and KMS", func(t *testing.T) {
		dir := t.TempDir()
		test(t, openWith(t, Options{Dir: dir, Vault: Wrapped(newKMS(), FileVault(filepath.Join(dir, masterName)))}))
	})
	if os.Getenv(postgresVariable) != "" {
		t.Run("postgres", func(t *testing.T) { test(t, openWith(t, Options{Dir: t.TempDir(), Postgres: postgres(t)})) })
	}
}

func openWith(t testing.TB, o Options) *Keys {
	t.Helper()
	k, err := OpenWith(o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = k.Close() })
	return k
}

func open(t testing.TB, dir string) *Keys {
	t.Helper()
	k, err := Open(dir)
	require.NoError(t, err)
	t.Cleanup(func() { _ = k.Close() })
	return k
}

func seal(t testing.TB, k *Keys, subject, clear string) string {
	t.Helper()
	sealed, err := k.Seal(subject, binding, clear)
	require.NoError(t, err)
	return sealed
}

func requireOpens(t testing.TB, k *Keys, subject, sealed, want string) {
	t.Helper()
	clear, err := k.Open(subject, binding, sealed)
	require.NoError(t, err)
	require.Equal(t, want, clear)
}

// Ensure that what is sealed can be opened, looks different each time, and shows nothing of the text.
func TestKeys_RoundTrip(t *testing.T) {
	each(t, func(t *testing.T, k *Keys) {
		for _, text := range []string{"", "ada@hill.example", "Grüße: 東京", strings.Repeat("long ", 10_000)} {
			for _, subject := range []string{"customer-a.b", "with:colons:in:it"} {
				sealed := seal(t, k, subject, text)
				requireOpens(t, k, subject, sealed, text)
				require.NotEqual(t, sealed, seal(t, k, subject, text))
				ref := eventstore.SealedRef{Binding: binding, Sealed: sealed}
				opened, err := ref.Open(k)
				require.NoError(t, err, "the subject stands before the last colon")
				require.Equal(t, text, opened)
			}
		}
	})
}

// Ensure that a sealed text opens nowhere but at its own event and field, for its own subject, unaltered.
func TestKeys_BoundToPlaceAndSubject(t *testing.T) {
	each(t, func(t *testing.T, k *Keys) {
		sealed := seal(t, k, "alice", "secret text")
		seal(t, k, "bob", "other")
		seal(t, k, "carol", "forgotten")
		require.NoError(t, k.Forget("carol"))
		_, body, _ := strings.Cut(sealed, ":")
		require.Regexp(t, `^[A-Za-z0-9_-]{200,}$`, strings.TrimPrefix(seal(t, k, "alice", strings.Repeat("x", 500)), "alice:"))
		for name, try := range map[string]struct{ subject, binding, sealed string }{
			"other field":      {"alice", strings.Replace(binding, "email", "phone", 1), sealed},
			"other event":      {"alice", "1" + binding[1:], sealed},
			"no binding":       {"alice", "", sealed},
			"other subject":    {"bob", binding, "bob:" + body},
			"subject mismatch": {"bob", binding, sealed},
			"of a forgotten":   {"carol", binding, sealed},
			"flipped":          {"alice", binding, flip(sealed, len(sealed)-3)},
			"cut":              {"alice", binding, sealed[:len(sealed)-8]},
			"empty":            {"alice", binding, "alice:"},
			"no colon":         {"alice", binding, "alice"},
			"not base64url":    {"alice", binding, "alice:+/=="},
		} {
			clear, err := k.Open(try.subject, try.binding, try.sealed)
			require.Error(t, err, name)
			require.Empty(t, clear, name)
			require.NotErrorIs(t, err, eventstore.ErrForgotten, name)
			require.NotContains(t, err.Error(), "secret text", name)
		}
		_, err := k.Seal("", binding, "text")
		require.Error(t, err, "a text of nobody")
	})
}

func flip(s string, i int) string {
	b := []byte(s)
	if b[i] == 'A' {
		b[i] = 'B'
	} else {
		b[i] = 'A'
	}
	return string(b)
}

// Ensure that forgetting ends every text so far of that subject and of nobody else, and that life goes on.
func TestKeys_Forget(t *testing.T) {
	each(t, func(t *testing.T, k *Keys) {
		first, other := seal(t, k, "alice", "one"), seal(t, k, "bob", "bob's")
		require.NoError(t, k.Forget("alice"))
		second := seal(t, k, "alice", "two")
		requireOpens(t, k, "alice", second, "two")
		require.NoError(t, k.Forget("alice"))
		require.NoError(t, k.Forget("alice"), "again")
		require.NoError(t, k.Forget("nobody"))
		third := seal(t, k, "alice", "three")
		for _, gone := range []string{first, second} {
			_, err := k.Open("alice", binding, gone)
			require.ErrorIs(t, err, eventstore.ErrForgotten)
		}
		requireOpens(t, k, "alice", third, "three")
		requireOpens(t, k, "bob", other, "bob's")
	})
}

// Ensure that a text of a key that never was is told from a text of somebody forgotten.
func TestKeys_UnknownKeyIsNotForgotten(t *testing.T) {
	each(t, func(t *testing.T, k *Keys) {
		elsewhere, err := InMemory()
		require.NoError(t, err)
		_, err = k.Open("alice", binding, seal(t, elsewhere, "alice", "text"))
		require.ErrorIs(t, err, ErrNoKey)
		require.NotErrorIs(t, err, eventstore.ErrForgotten)
	})
}

// Ensure that a key read just before its subject is forgotten doesn't come back into the cache.
func TestKeys_ForgetWhileOpening(t *testing.T) {
	k, err := InMemory()
	require.NoError(t, err)
	sealed := seal(t, k, "alice", "text")
	k.cache.drop("alice")
	k.store = &forgetfulStore{store: k.store, afterFind: func() { require.NoError(t, k.Forget("alice")) }}
	_, err = k.Open("alice", binding, sealed)
	require.Error(t, err, "what was read before opens nothing any more: its leaf is cut")
	_, err = k.Open("alice", binding, sealed)
	require.ErrorIs(t, err, eventstore.ErrForgotten)
}

// forgetfulStore forgets a subject right after its key was read.
type forgetfulStore struct {
	store
	afterFind func()
}

func (s *forgetfulStore) find(ref keyRef) (record, error) {
	r, err := s.store.find(ref)
	if then := s.afterFind; then != nil {
		s.afterFind = nil
		then()
	}
	return r, err
}

// Ensure that a failure of the store fails the call, is not remembered, and is told to all who waited.
func TestKeys_StoreFails(t *testing.T) {
	k, err := InMemory()
	require.NoError(t, err)
	broken, whole := errors.New("disk full"), k.store
	k.store = &brokenStore{store: whole, err: broken}
	_, err = k.Seal("alice", binding, "text")
	require.ErrorIs(t, err, broken)
	require.ErrorIs(t, k.Forget("alice"), broken)
	k.store = whole
	requireOpens(t, k, "alice", seal(t, k, "alice", "text"), "text")
}

type brokenStore struct {
	store
	err error
}

func (s *brokenStore) ensure([]string, func(keyRef, uint32) ([]byte, error)) ([]record, error) {
	return nil, s.err
}
func (s *brokenStore) forget([]Forgetting) error { return s.err }

// Ensure that the cache stays within its limit and that what it dropped is read again.
func TestKeys_CacheIsBounded(t *testing.T) {
	k := open(t, t.TempDir())
	k.cache = newCache(10)
	sealed := map[string]string{}
	for i := range 50 {
		subject := fmt.Sprint("s", i)
		sealed[subject] = seal(t, k, subject, subject)
	}
	for subject, text := range sealed {
		requireOpens(t, k, subject, text, subject)
		requireOpens(t, k, subject, seal(t, k, subject, "again"), "again")
		require.LessOrEqual(t, len(k.cache.aeads), 10)
		require.LessOrEqual(t, len(k.cache.generations), 10)
	}
	generations := 0
	require.NoError(t, k.store.(*sqlStore).db.QueryRow("SELECT count(*) FROM data_keys").Scan(&generations))
	require.Equal(t, 50, generations, "a subject dropped from the cache gets no second key")
}

// Ensure that many callers at once agree on one key for each subject, while others are forgotten.
func TestKeys_Concurrent(t *testing.T) {
	each(t, func(t *testing.T, k *Keys) {
		const callers, subjects = 8, 20
		var wait sync.WaitGroup
		for c := range callers {
			wait.Go(func() {
				for i := range subjects {
					kept, passing := fmt.Sprint("kept", i), fmt.Sprint("passing", i)
					sealed, err := k.Seal(kept, binding, "stays")
					if err == nil {
						_, err = k.Open(kept, binding, sealed)
					}
					if err != nil {
						t.Errorf("%s: %v", kept, err)
					}
					if sealed, err = k.Seal(passing, binding, "goes"); err == nil {
						_, err = k.Open(passing, binding, sealed)
					}
					if err != nil && !errors.Is(err, eventstore.ErrForgotten) {
						t.Errorf("%s: %v", passing, err)
					}
					if c == 0 {
						if err := k.Forget(passing); err != nil {
							t.Errorf("forget: %v", err)
						}
					}
				}
			})
		}
		wait.Wait()
		for i := range subjects {
			last, err := k.newest(fmt.Sprint("kept", i))
			require.NoError(t, err)
			require.EqualValues(t, 1, last.generation)
		}
	})
}

// Ensure that a digest is the same for the same ledger, and tells nothing without its key.
func TestKeys_Digest(t *testing.T) {
	dir := t.TempDir()
	k := open(t, dir)
	digest := k.Digest([]byte("ada@hill.example"))
	require.Len(t, digest, 64)
	require.NotEqual(t, digest, k.Digest([]byte("bob@hill.example")))
	require.NoError(t, k.Close())
	require.Equal(t, digest, open(t, dir).Digest([]byte("ada@hill.example")), "after a restart")
	other, err := InMemory()
	require.NoError(t, err)
	require.NotEqual(t, digest, other.Digest([]byte("ada@hill.example")), "in another ledger")
}

// Ensure that no way of printing the keys shows one.
func TestKeys_PrintNothing(t *testing.T) {
	k, err := InMemory()
	require.NoError(t, err)
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("keys", "k", k)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("keys", "k", k)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
		fmt.Fprintf(&log, verb, k)
	}
	for _, form := range []string{"%v", "%x", "%s", "%q"} {
		secret := fmt.Sprintf(form, k.digestKey)
		require.NotContains(t, log.String(), strings.Trim(secret, "[]"))
	}
	require.Contains(t, log.String(), "seal.Keys")
}

// Ensure a forgetting that was carried out isn't carried out again on what was sealed since.
func TestKeys_ForgetOnce(t *testing.T) {
	each(t, func(t *testing.T, k *Keys) {
		before := seal(t, k, "alice", "old")
		require.NoError(t, k.ForgetOnce("alice", "event 1"))
		after := seal(t, k, "alice", "new")
		require.NoError(t, k.ForgetOnce("alice", "event 1"))
		_, err := k.Open("alice", binding, before)
		require.ErrorIs(t, err, eventstore.ErrForgotten)
		requireOpens(t, k, "alice", after, "new")
		require.NoError(t, k.ForgetOnce("alice", "event 2"))
		_, err = k.Open("alice", binding, after)
		require.ErrorIs(t, err, eventstore.ErrForgotten)
		require.Error(t, k.ForgetOnce("alice", ""), "nothing to know it by")
	})
}

// Ensure what is sealed between a fence and its forgetting stays readable, whoever seals it and however long the
// forgetting is put off; and that what was sealed before stays readable until then.
func TestKeys_Fence(t *testing.T) {
	each(t, func(t *testing.T, k *Keys) {
		before := seal(t, k, "alice", "before")
		require.NoError(t, k.Fence("alice", "event 1"))
		between := seal(t, k, "alice", "between")
		requireOpens(t, k, "alice", before, "before")
		// The event was tried again, because another one came first: it asks for what that one holds too.
		require.NoError(t, k.Fence("alice", "event 1"))
		after := seal(t, k, "alice", "after")
		require.NoError(t, k.ForgetOnce("alice", "event 1"))
		for _, gone := range []string{before, between} {
			_, err := k.Open("alice", binding, gone)
			require.ErrorIs(t, err, eventstore.ErrForgotten)
		}
		requireOpens(t, k, "alice", after, "after")
		require.NoError(t, k.Fence("alice", "event 1"), "it was carried out")
		require.NoError(t, k.ForgetOnce("alice", "event 1"))
		requireOpens(t, k, "alice", after, "after")
		require.NoError(t, k.Fence("nobody", "event 2"))
		require.Error(t, k.Fence("alice", ""))
	})
}

// Ensure many are forgotten at once, and nobody else.
func TestKeys_ForgetAll(t *testing.T) {
	each(t, func(t *testing.T, k *Keys) {
		const subjects = 300
		sealed := make([]string, subjects)
		var odd []Forgetting
		for i := range sealed {
			sealed[i] = seal(t, k, fmt.Sprint("s", i), "text")
			if i%2 == 1 {
				odd = append(odd, Forgetting{fmt.Sprint("s", i), fmt.Sprint("event ", i)})
			}
		}
		require.NoError(t, k.ForgetAll(nil))
		require.Error(t, k.ForgetAll([]Forgetting{{Subject: "s0"}}))
		require.NoError(t, k.ForgetAll(odd))
		for i, text := range sealed {
			_, err := k.Open(fmt.Sprint("s", i), binding, text)
			if i%2 == 1 {
				require.ErrorIs(t, err, eventstore.ErrForgotten)
			} else {
				require.NoError(t, err)
			}
		}
	})
}

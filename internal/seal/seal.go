// Package seal keeps personal texts unreadable for everybody without the key of the data subject, and
// forgets a person by destroying that key.
//
// Each data subject has a key of its own (AES-256-GCM), and after being forgotten a new one with the next
// generation number. Subject keys lie in a key store (a file, or PostgreSQL), each wrapped under a leaf of its
// own of the master key, which a Vault keeps apart (a file, or whatever keeps secrets). Both together open
// everything; a copy of one of them alone opens nothing. Events never change when a person is forgotten: the
// stored bytes stay as they are, but nobody can read them any more.
//
// # What forgetting withstands
//
// It happens twice: the wrapped key is overwritten in the store, and its leaf is cut from the master key
// (see tree). So
//
//   - an older copy of the key store opens nothing of a forgotten person together with today's master key, and
//     everything of all others: restore it when the store is lost;
//   - an older copy of the master key opens nothing of them together with today's key store, and is cut again
//     as soon as it is used with it;
//   - an older copy of both, put back, is destroyed again from the log, which says who was forgotten, before
//     anything is answered: whoever starts a ledger MUST call ForgetAll with what the log says.
//
// Whoever holds an older copy of both, and of the log, can read what he copied, here or elsewhere: against that
// only destroying backups helps, or a master key sealed by a KMS (see Wrapped), of which no copy is a backup.
// Backups of both MUST expire within the time in which erasure is promised, and lie apart.
package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/eventstore"
)

// ErrNoKey says that the key store never held the key: the text comes from another ledger, or the key
// store was replaced. It is not the same as a forgotten person.
var ErrNoKey = errors.New("the key store does not hold the key of this sealed text")

// Keys are the keys of all data subjects: an eventstore.Sealer that can also forget. It is safe for
// concurrent use, and prints as its name only.
//
// Several processes may share them in PostgreSQL. What one forgets, the others still open for at most a second
// (see noticed), and seal nothing with from the moment on at which Fence returned.
type Keys struct {
	store     store
	master    *master
	digestKey []byte

	// write serializes everything that changes the store: it is what new keys are gathered behind.
	write sync.Mutex

	mu      sync.Mutex
	pending map[string]*creation
	cache   cache
	epoch   int64     // of the store, when last asked
	asked   time.Time // when that was
}

var _ eventstore.Sealer = (*Keys)(nil)

// The files of keys under a directory.
const (
	databaseName = "keys.db"
	masterName   = "master.key"
)

// Options say where keys are kept.
type Options struct {
	// Dir holds whatever the others don't say is elsewhere.
	Dir string
	// Postgres is the URL of a database that keeps the wrapped keys, for several processes.
	Postgres string
	// Vault keeps the master key; nil for a file under Dir.
	Vault Vault
}

// Open opens the keys under a directory, or makes new ones. One process at a time holds them.
func Open(dir string) (*Keys, error) { return OpenWith(Options{Dir: dir}) }

// OpenWith opens keys, or makes new ones where there are none.
func OpenWith(o Options) (*Keys, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("key store: %w", err)
	}
	if o.Vault == nil {
		o.Vault = FileVault(filepath.Join(o.Dir, masterName))
	}
	var s store
	var err error
	if o.Postgres != "" {
		s, err = openPostgres(o.Postgres)
	} else if s, err = openSQLite(filepath.Join(o.Dir, databaseName)); err == nil {
		err = syncDir(o.Dir)
	}
	if err != nil {
		return nil, fmt.Errorf("key store: %w", err)
	}
	keys, err := newKeys(s, o.Vault)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("key store: %w", err), s.close())
	}
	return keys, nil
}

// InMemory makes keys that are gone with the process, for tests.
func InMemory() (*Keys, error) {
	s, err := openSQLite("")
	if err != nil {
		return nil, err
	}
	return newKeys(s, &memoryVault{})
}

// newKeys opens the key that is the ledger's own, or makes it on the first start.
func newKeys(s store, v Vault) (*Keys, error) {
	k := &Keys{store: s, master: &master{vault: v}, pending: map[string]*creation{}, cache: newCache(cacheLimit)}
	err := s.exclusively(func() error {
		wrapped, err := s.digestKey(nil)
		if err != nil {
			return err
		}
		return k.master.load(wrapped == nil)
	})
	if err != nil {
		return nil, err
	}
	wrapped, err := s.digestKey(func() ([]byte, error) { return k.master.newKey(digestLeaf, digestBinding) })
	if err != nil {
		return nil, err
	}
	if k.digestKey, err = k.master.unwrap(digestLeaf, digestBinding, wrapped); err != nil {
		return nil, errors.New("the master key is not the one that the key store was made with")
	}
	if k.epoch, err = s.epoch(); err != nil {
		return nil, err
	}
	return k, k.cut(false)
}

// Seal gives the sealed form of a text: "subject:" and base64url of the generation and the ciphertext. The
// subject's first key is durable before Seal returns.
func (k *Keys) Seal(subject, binding, clear string) (string, error) {
	if subject == "" {
		return "", errors.New("seal: the data subject has no name")
	}
	key, err := k.newest(subject)
	if err != nil {
		return "", fmt.Errorf("seal for %s: %w", subject, err)
	}
	ciphertext, err := key.aead.Encrypt([]byte(clear), []byte(binding))
	if err != nil {
		return "", fmt.Errorf("seal for %s: %w", subject, err)
	}
	body := append(binary.AppendUvarint(nil, key.generation), ciphertext...)
	return subject + ":" + base64.RawURLEncoding.EncodeToString(body), nil
}

// Open gives the text back. Errors: eventstore.ErrForgotten once the key is destroyed, ErrNoKey, or that
// the text doesn't belong to this subject and binding.
func (k *Keys) Open(subject, binding, sealed string) (string, error) {
	generation, ciphertext, err := parse(subject, sealed)
	if err != nil {
		return "", fmt.Errorf("open sealed text of %s: %w", subject, err)
	}
	aead, err := k.opened(keyRef{subject, generation})
	if err != nil {
		return "", fmt.Errorf("open sealed text of %s: %w", subject, err)
	}
	clear, err := aead.Decrypt(ciphertext, []byte(binding))
	if err != nil {
		return "", fmt.Errorf("open sealed text of %s: it was altered, or does not belong to %s", subject, binding)
	}
	return string(clear), nil
}

func parse(subject, sealed string) (generation uint64, ciphertext []byte, err error) {
	i := strings.LastIndexByte(sealed, ':')
	if i < 0 || sealed[:i] != subject {
		return 0, nil, errors.New("it names another data subject")
	}
	body, err := base64.RawURLEncoding.DecodeString(sealed[i+1:])
	if err != nil {
		return 0, nil, errors.New("it is not base64url")
	}
	generation, n := binary.Uvarint(body)
	if n <= 0 {
		return 0, nil, errors.New("it names no key")
	}
	return generation, body[n:], nil
}

// Forget destroys all keys that the subject has had so far. When it returns without an error, their bytes
// are gone from the files, and every text sealed with them gives eventstore.ErrForgotten for ever. Texts
// sealed later get a new key. Forgetting somebody unknown changes nothing.
//
// After an error, forget again: the keys may be destroyed already, but their bytes not yet overwritten.
func (k *Keys) Forget(subject string) error {
	return k.ForgetAll([]Forgetting{{subject, "by hand " + uuid.NewString()}})
}

// Fence announces a forgetting, before the event that asks for it is recorded: from now on, nobody seals
// anything with the keys that the subject has so far, which is what ForgetOnce under this mark will destroy. So
// what is recorded after the event stays readable, whenever the keys are destroyed, and whoever records it. If
// the event is never recorded nothing is lost: the keys still open what they sealed.
func (k *Keys) Fence(subject, mark string) error {
	if mark == "" {
		return fmt.Errorf("forget %s: no mark to know the forgetting by", subject)
	}
	k.write.Lock()
	defer k.write.Unlock()
	err := k.store.fence(Forgetting{subject, mark})
	k.drop([]Forgetting{{subject, mark}})
	if err != nil {
		return fmt.Errorf("fence off the keys of %s: %w", subject, err)
	}
	return nil
}

// ForgetOnce is Forget for one reason, named by the mark: once it was carried out under this mark it does
// nothing, so that what was sealed since then stays readable when a restarted program makes sure.
func (k *Keys) ForgetOnce(subject, mark string) error {
	return k.ForgetAll([]Forgetting{{subject, mark}})
}

// ForgetAll is ForgetOnce for many. It takes about as long as one.
func (k *Keys) ForgetAll(all []Forgetting) error {
	for _, f := range all {
		if f.Mark == "" {
			return fmt.Errorf("forget %s: no mark to know the forgetting by", f.Subject)
		}
	}
	if len(all) == 0 {
		return nil
	}
	k.write.Lock()
	defer k.write.Unlock()
	err := k.store.forget(all)
	// Also after an error: reading an unforgotten key again costs little, keeping a forgotten one is a breach.
	k.drop(all)
	if err == nil {
		err = k.cut(true)
	}
	if err != nil {
		return fmt.Errorf("forget %s: %w", all[0].Subject, err)
	}
	return nil
}

func (k *Keys) drop(all []Forgetting) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, f := range all {
		k.cache.drop(f.Subject)
	}
}

// cut cuts the leaves of destroyed keys from the master key: those not noted as cut, or all that it still
// reaches, as an older master key may have been put back.
func (k *Keys) cut(fresh bool) error {
	uncut, err := k.store.destroyed(true)
	if err != nil {
		return err
	}
	leaves := uncut
	if !fresh {
		if leaves, err = k.store.destroyed(false); err != nil {
			return err
		}
		leaves = k.master.reaches(leaves)
	}
	if len(leaves) > 0 {
		if err := k.store.exclusively(func() error { return k.master.cut(leaves, k.store.shared()) }); err != nil {
			return err
		}
	}
	if len(uncut) == 0 {
		return nil
	}
	return k.store.cut(uncut)
}

// Digest is a fingerprint of data under a key that only this ledger holds. A plain hash of personal data
// would survive its erasure: whoever guesses the text could prove the guess.
func (k *Keys) Digest(data []byte) string {
	mac := hmac.New(sha256.New, k.digestKey)
	mac.Write(data)
	return hex.EncodeToString(mac.Sum(nil))
}

// Close closes the key store. Keys in use elsewhere fail from then on.
func (k *Keys) Close() error {
	k.mu.Lock()
	k.cache.clear()
	k.mu.Unlock()
	k.master.destroy()
	return k.store.close()
}

// Format prints the name alone, whatever the verb, so that no key reaches a log line.
func (k *Keys) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "seal.Keys") }

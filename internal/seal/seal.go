// Package seal keeps personal texts unreadable for everybody without the key of the data subject, and
// forgets a person by destroying that key.
//
// Each data subject has a key of its own (AES-256-GCM), and after being forgotten a new one with the next
// generation number. Subject keys lie in keys.db, wrapped by the master key in master.key beside it. Both
// files together open everything; a copy of one of them alone opens nothing. Events never change when a
// person is forgotten: the stored bytes stay as they are, but nobody can read them any more.
//
// A copy of keys.db from before a person was forgotten still holds that person's key. Whoever keeps
// backups of it MUST let them expire within the time in which erasure is promised.
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
	"strings"
	"sync"

	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/partnerledger/partnerledger/eventstore"
)

// ErrNoKey says that the key store never held the key: the text comes from another ledger, or the key
// store was replaced. It is not the same as a forgotten person.
var ErrNoKey = errors.New("the key store does not hold the key of this sealed text")

// Keys are the keys of all data subjects: an eventstore.Sealer that can also forget. It is safe for
// concurrent use, and prints as its name only.
type Keys struct {
	store     store
	master    tink.AEAD
	digestKey []byte

	// write serializes everything that changes the store: it is what new keys are gathered behind.
	write sync.Mutex

	mu      sync.Mutex
	pending map[string]*creation
	cache   cache
}

var _ eventstore.Sealer = (*Keys)(nil)

// newKeys opens the key that is the ledger's own, or makes it on the first start.
func newKeys(s store, master tink.AEAD) (*Keys, error) {
	wrapped, err := s.digestKey(func() ([]byte, error) { return newKey(master, digestBinding) })
	if err != nil {
		return nil, err
	}
	raw, err := master.Decrypt(wrapped, []byte(digestBinding))
	if err != nil {
		return nil, errors.New("the master key is not the one that the key store was made with")
	}
	return &Keys{store: s, master: master, digestKey: raw, pending: map[string]*creation{}, cache: newCache(cacheLimit)}, nil
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
// sealed later get a new key. Forgetting again, or somebody unknown, changes nothing.
//
// After an error, forget again: the keys may be destroyed already, but their bytes not yet overwritten.
func (k *Keys) Forget(subject string) error {
	k.write.Lock()
	defer k.write.Unlock()
	return k.forget(subject, "")
}

// forget is called with the write lock held.
func (k *Keys) forget(subject, mark string) error {
	err := k.store.forget(subject, mark)
	// Also after an error: reading an unforgotten key again costs little, keeping a forgotten one is a breach.
	k.mu.Lock()
	k.cache.drop(subject)
	k.mu.Unlock()
	if err != nil {
		return fmt.Errorf("forget %s: %w", subject, err)
	}
	return nil
}

// ForgetOnce is Forget for one reason, named by the mark: once it was carried out under this mark it does
// nothing, so that what was sealed since then stays readable when a restarted program makes sure.
func (k *Keys) ForgetOnce(subject, mark string) error {
	if mark == "" {
		return fmt.Errorf("forget %s: no mark to know the forgetting by", subject)
	}
	k.write.Lock()
	defer k.write.Unlock()
	done, err := k.store.marked(mark)
	if err != nil {
		return fmt.Errorf("forget %s: %w", subject, err)
	}
	if done {
		return nil
	}
	return k.forget(subject, mark)
}

// Digest is a fingerprint of data under a key that only this ledger holds. A plain hash of personal data
// would survive its erasure: whoever guesses the text could prove the guess.
func (k *Keys) Digest(data []byte) string {
	mac := hmac.New(sha256.New, k.digestKey)
	mac.Write(data)
	return hex.EncodeToString(mac.Sum(nil))
}

// Close closes the key store. Keys in use elsewhere fail from then on.
func (k *Keys) Close() error { return k.store.close() }

// Format prints the name alone, whatever the verb, so that no key reaches a log line.
func (k *Keys) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "seal.Keys") }

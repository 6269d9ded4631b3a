package seal

import (
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
)

const (
	keySize = 32
	// digestBinding ties the ledger's digest key to its use; a subject's key is tied to subject and generation.
	digestBinding = "digest"
)

// keyRef names one key.
type keyRef struct {
	subject    string
	generation uint64
}

// binding ties a wrapped key to its place: a key moved to another subject can't be unwrapped there.
func (r keyRef) binding() string { return fmt.Sprintf("subject %d %s", r.generation, r.subject) }

// key is a subject's newest key, ready for use.
type key struct {
	generation uint64
	aead       tink.AEAD
}

// creation is a new key on its way into the store; all who need it wait for the same one.
type creation struct {
	done bool
	key  key
	err  error
}

// newKey makes a key and gives it wrapped.
func newKey(master tink.AEAD, binding string) ([]byte, error) {
	raw := make([]byte, keySize)
	defer clear(raw)
	if _, err := rand.Read(raw); err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return master.Encrypt(raw, []byte(binding))
}

// unwrap makes a stored key usable.
func (k *Keys) unwrap(ref keyRef, wrapped []byte) (tink.AEAD, error) {
	raw, err := k.master.Decrypt(wrapped, []byte(ref.binding()))
	if err != nil {
		return nil, errors.New("the stored key was altered or moved from another data subject")
	}
	defer clear(raw)
	return subtle.NewAESGCM(raw)
}

// newest gives the subject's newest key; one is made if there is none.
func (k *Keys) newest(subject string) (key, error) {
	k.mu.Lock()
	if cached, ok := k.cache.newest(subject); ok {
		k.mu.Unlock()
		return cached, nil
	}
	c := k.pending[subject]
	if c == nil {
		c = &creation{}
		k.pending[subject] = c
	}
	k.mu.Unlock()
	k.flush(c)
	return c.key, c.err
}

// flush returns when c is done. The first to get the lock does it for all who have come meanwhile, in one
// transaction; the others find theirs done. So the disk is waited for once for a crowd of new subjects.
func (k *Keys) flush(c *creation) {
	k.write.Lock()
	defer k.write.Unlock()
	if c.done {
		return
	}
	k.mu.Lock()
	batch := k.pending
	k.pending = map[string]*creation{}
	k.mu.Unlock()

	err := k.create(batch)
	k.mu.Lock()
	defer k.mu.Unlock()
	for subject, c := range batch {
		if c.err == nil {
			c.err = err
		}
		if c.err == nil {
			k.cache.keep(keyRef{subject, c.key.generation}, c.key.aead)
		}
		c.done = true
	}
}

// create finds or makes the key of each subject and stores the new ones together.
func (k *Keys) create(batch map[string]*creation) error {
	var fresh []record
	for subject, c := range batch {
		last, err := k.store.newest(subject)
		if err != nil {
			return err
		}
		if last.generation == 0 || last.forgotten {
			last = record{keyRef: keyRef{subject, last.generation + 1}}
			if last.wrapped, err = newKey(k.master, last.binding()); err != nil {
				return err
			}
			fresh = append(fresh, last)
		}
		c.key.generation = last.generation
		// A damaged key is the trouble of its own subject alone.
		c.key.aead, c.err = k.unwrap(last.keyRef, last.wrapped)
	}
	if len(fresh) == 0 {
		return nil
	}
	return k.store.add(fresh)
}

// opened gives a key for opening.
func (k *Keys) opened(ref keyRef) (tink.AEAD, error) {
	k.mu.Lock()
	aead, ok := k.cache.aeads[ref]
	drops := k.cache.drops
	k.mu.Unlock()
	if ok {
		return aead, nil
	}
	wrapped, err := k.store.find(ref)
	if err != nil {
		return nil, err
	}
	if aead, err = k.unwrap(ref, wrapped); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	// Whoever was forgotten since the key was read MUST NOT come back into the cache.
	if k.cache.drops == drops {
		k.cache.aeads[ref] = aead
		k.cache.shrink()
	}
	return aead, nil
}

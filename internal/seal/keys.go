package seal

import (
	"errors"
	"fmt"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// digestBinding ties the ledger's digest key to its use; a subject's key is tied to subject and generation.
const digestBinding = "digest"

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

// errUnusable says that a stored key isn't what was stored.
var errUnusable = errors.New("the stored key was altered or moved from another data subject")

// unwrap makes a stored key usable.
func (k *Keys) unwrap(r record) (tink.AEAD, error) {
	raw, err := k.master.unwrap(r.leaf, r.binding(), r.wrapped)
	if err != nil {
		return nil, errUnusable
	}
	defer clear(raw)
	return subtle.NewAESGCM(raw)
}

// noticed is how long this process may go on opening texts without asking whether another has forgotten
// somebody: within that time it does so everywhere.
const noticed = time.Second

// notice drops all keys that are at hand if another process changed anything since it was last asked, which
// was longer ago than this.
func (k *Keys) notice(within time.Duration) error {
	if !k.store.shared() {
		return nil
	}
	k.mu.Lock()
	fresh := within > 0 && time.Since(k.asked) < within
	k.mu.Unlock()
	if fresh {
		return nil
	}
	began := time.Now()
	now, err := k.store.epoch()
	if err != nil {
		return fmt.Errorf("key store: %w", err)
	}
	k.mu.Lock()
	changed := now != k.epoch
	if changed {
		k.cache.clear()
	}
	k.epoch, k.asked = now, began
	k.mu.Unlock()
	if changed {
		return k.master.load(false)
	}
	return nil
}

// newest gives the subject's newest key; one is made if there is none.
func (k *Keys) newest(subject string) (key, error) {
	if err := k.notice(0); err != nil {
		return key{}, err
	}
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
	drops := k.cache.drops
	k.mu.Unlock()

	err := k.create(batch)
	k.mu.Lock()
	defer k.mu.Unlock()
	for subject, c := range batch {
		if c.err == nil {
			c.err = err
		}
		// Whoever was forgotten meanwhile, by another process, MUST NOT come back into the cache.
		if c.err == nil && k.cache.drops == drops {
			k.cache.keep(keyRef{subject, c.key.generation}, c.key.aead)
		}
		c.done = true
	}
}

// create finds or makes the key of each subject and stores the new ones together.
func (k *Keys) create(batch map[string]*creation) error {
	subjects := make([]string, 0, len(batch))
	for subject := range batch {
		subjects = append(subjects, subject)
	}
	records, err := k.store.ensure(subjects, func(ref keyRef, leaf uint32) ([]byte, error) { return k.master.newKey(leaf, ref.binding()) })
	if err != nil {
		return err
	}
	for i, r := range records {
		c := batch[subjects[i]]
		c.key.generation = r.generation
		// A damaged key is the trouble of its own subject alone.
		c.key.aead, c.err = k.unwrap(r)
	}
	return nil
}

// opened gives a key for opening.
func (k *Keys) opened(ref keyRef) (tink.AEAD, error) {
	if err := k.notice(noticed); err != nil {
		return nil, err
	}
	k.mu.Lock()
	aead, ok := k.cache.aeads[ref]
	drops := k.cache.drops
	k.mu.Unlock()
	if ok {
		return aead, nil
	}
	r, err := k.store.find(ref)
	if err != nil {
		return nil, err
	}
	if aead, err = k.unwrap(r); err != nil {
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

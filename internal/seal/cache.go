package seal

import "github.com/tink-crypto/tink-go/v2/tink"

// cacheLimit is how many keys are kept ready, at roughly a kilobyte each.
const cacheLimit = 1 << 14

// cache keeps keys ready for use. It is guarded by the mutex of Keys.
type cache struct {
	limit int
	aeads map[keyRef]tink.AEAD
	// generations is the newest generation of those subjects whose newest key is alive.
	generations map[string]uint64
	// drops counts the subjects dropped, so that a key read before can be told from one read after.
	drops uint64
}

func newCache(limit int) cache {
	return cache{limit: limit, aeads: map[keyRef]tink.AEAD{}, generations: map[string]uint64{}}
}

func (c *cache) newest(subject string) (key, bool) {
	generation, ok := c.generations[subject]
	if !ok {
		return key{}, false
	}
	aead, ok := c.aeads[keyRef{subject, generation}]
	return key{generation, aead}, ok
}

// keep remembers the newest key of a subject.
func (c *cache) keep(ref keyRef, aead tink.AEAD) {
	c.aeads[ref] = aead
	c.generations[ref.subject] = ref.generation
	c.shrink()
}

// shrink drops keys by chance, which needs no bookkeeping and is hardly worse than dropping the oldest.
func (c *cache) shrink() {
	for ref := range c.aeads {
		if len(c.aeads) <= c.limit {
			break
		}
		delete(c.aeads, ref)
	}
	for subject := range c.generations {
		if len(c.generations) <= c.limit {
			break
		}
		delete(c.generations, subject)
	}
}

// clear forgets all keys.
func (c *cache) clear() {
	c.drops++
	clear(c.generations)
	clear(c.aeads)
}

// drop forgets all keys of a subject.
func (c *cache) drop(subject string) {
	c.drops++
	delete(c.generations, subject)
	for ref := range c.aeads {
		if ref.subject == subject {
			delete(c.aeads, ref)
		}
	}
}

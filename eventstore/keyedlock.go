package eventstore

import "sync"

// keyedLock is a lock for each key. Within one process it keeps decisions on the same stream from
// overtaking each other; between processes the expected revision does.
type keyedLock struct {
	mu   sync.Mutex
	held map[string]*countedLock
}

type countedLock struct {
	sync.Mutex
	users int
}

// lock waits for the key and gives the function that releases it.
func (k *keyedLock) lock(key string) (unlock func()) {
	k.mu.Lock()
	if k.held == nil {
		k.held = map[string]*countedLock{}
	}
	l := k.held[key]
	if l == nil {
		l = &countedLock{}
		k.held[key] = l
	}
	l.users++
	k.mu.Unlock()

	l.Lock()
	return func() {
		l.Unlock()
		k.mu.Lock()
		defer k.mu.Unlock()
		if l.users--; l.users == 0 {
			delete(k.held, key)
		}
	}
}

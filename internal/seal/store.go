package seal

import (
	"sync"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/subtle/random"

	"github.com/partnerledger/partnerledger/eventstore"
)

// record is a stored key. The first generation is 1.
type record struct {
	keyRef
	wrapped   []byte
	forgotten bool
}

// store holds wrapped keys. Whatever it answers to be done MUST be durable. Only add and forget change
// it, and are never called at the same time; all else may be.
type store interface {
	// digestKey gives the ledger's wrapped digest key; the first call ever keeps what create makes.
	digestKey(create func() ([]byte, error)) ([]byte, error)
	// newest gives the subject's last record, the zero record if there is none.
	newest(subject string) (record, error)
	// find gives a wrapped key, or eventstore.ErrForgotten or ErrNoKey.
	find(ref keyRef) ([]byte, error)
	// add stores records, all or none.
	add(records []record) error
	// forget destroys the wrapped keys of a subject, and remembers that it did; with a mark, this too, in
	// the same step: a crash in between would destroy, at the next start, what was sealed after the first.
	forget(subject, mark string) error
	// marked tells whether a forgetting with this mark was carried out.
	marked(mark string) (bool, error)
	close() error
}

// InMemory makes keys that are gone with the process, for tests.
func InMemory() (*Keys, error) {
	master, err := subtle.NewAESGCM(random.GetRandomBytes(keySize))
	if err != nil {
		return nil, err
	}
	return newKeys(&memoryStore{subjects: map[string][]record{}, marks: map[string]bool{}}, master)
}

type memoryStore struct {
	mu       sync.Mutex
	marks    map[string]bool
	digest   []byte
	subjects map[string][]record // generation n stands at n-1
}

func (s *memoryStore) digestKey(create func() ([]byte, error)) (_ []byte, err error) {
	s.digest, err = create()
	return s.digest, err
}

func (s *memoryStore) newest(subject string) (record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.subjects[subject]
	if len(all) == 0 {
		return record{}, nil
	}
	return all[len(all)-1], nil
}

func (s *memoryStore) find(ref keyRef) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.subjects[ref.subject]
	switch {
	case ref.generation < 1 || ref.generation > uint64(len(all)):
		return nil, ErrNoKey
	case all[ref.generation-1].forgotten:
		return nil, eventstore.ErrForgotten
	}
	return all[ref.generation-1].wrapped, nil
}

func (s *memoryStore) add(records []record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range records {
		s.subjects[r.subject] = append(s.subjects[r.subject], r)
	}
	return nil
}

func (s *memoryStore) forget(subject, mark string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.marks[mark] = true
	for i := range s.subjects[subject] {
		s.subjects[subject][i].wrapped = nil
		s.subjects[subject][i].forgotten = true
	}
	return nil
}

func (s *memoryStore) marked(mark string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.marks[mark], nil
}

func (s *memoryStore) close() error { return nil }

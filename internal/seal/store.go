package seal

// record is a stored key. The first generation is 1.
type record struct {
	keyRef
	leaf    uint32 // of the master key's tree, under which it is wrapped
	wrapped []byte
}

// Forgetting is a data subject whose keys so far are to be gone, and the mark by which the order is known: the
// id of the event that gives it.
type Forgetting struct{ Subject, Mark string }

// store holds wrapped keys: a file (SQLite), or PostgreSQL for several processes. Whatever it answers to be
// done MUST be durable, and seen at once by all who share it. It is safe for concurrent use.
type store interface {
	// digestKey gives the ledger's wrapped digest key; the first call ever keeps what create makes. Without
	// create it gives nil where there is none yet.
	digestKey(create func() ([]byte, error)) ([]byte, error)
	// ensure gives the newest key of each subject, in their order. Where there is none that may seal, it keeps
	// the one that wrap makes, with the next generation and a leaf that no other key has; wrap refuses a leaf
	// with errLeafCut, and is asked for the next one.
	ensure(subjects []string, wrap func(ref keyRef, leaf uint32) ([]byte, error)) ([]record, error)
	// find gives a key, or eventstore.ErrForgotten or ErrNoKey.
	find(ref keyRef) (record, error)
	// fence stops sealing with the keys that the subject has so far; they still open. A mark that is there
	// already moves up to the newest key, unless it was carried out.
	fence(f Forgetting) error
	// forget destroys the keys up to the fence of each mark, or all so far where there is none, and remembers
	// the mark; one that was carried out does nothing any more, so that what was sealed since then stays.
	forget(all []Forgetting) error
	// destroyed gives the leaves of destroyed keys: of all, or of those not noted as cut.
	destroyed(uncut bool) ([]uint32, error)
	// cut notes that leaves of destroyed keys are cut.
	cut(leaves []uint32) error
	// epoch changes with every fence and every forgetting.
	epoch() (int64, error)
	// exclusively runs f while no other process does the same.
	exclusively(f func() error) error
	// shared tells whether other processes may use the same keys.
	shared() bool
	close() error
}

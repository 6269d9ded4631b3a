package esdbnode

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"sync"

	"github.com/google/uuid"
)

// index knows where every event is. It is kept in memory, about fifty bytes an event, and rebuilt from the log when the
// node starts: two copies of one truth on disk would have to be kept equal through every crash.
//
// The writer adds events when it stages them; readers see an event only once publish has said that it is durable. There
// is nothing to undo: when a commit fails the node takes no more appends, and what was staged stays invisible.
type index struct {
	seed maphash.Seed

	mu      sync.RWMutex
	all     []uint64
	streams map[string]*streamIndex
	// durable is the end of what may be shown, changed is closed when it moves.
	durable uint64
	changed chan struct{}

	// ids finds events by a hash of stream and event id; repeated holds the further ones when a hash comes twice. Only
	// the writer uses them.
	ids      map[uint64]uint64
	repeated map[uint64][]uint64

	// gap is where load first found that events of a stream before are missing, 0 when none are.
	gap uint64
}

// streamIndex holds the positions of a stream's events by revision, 0 for those that compaction removed, and that of the
// tombstone, 0 when there is none.
type streamIndex struct {
	positions []uint64
	tombstone uint64
}

func newIndex() *index {
	return &index{
		seed:     maphash.MakeSeed(),
		streams:  make(map[string]*streamIndex),
		changed:  make(chan struct{}),
		ids:      make(map[uint64]uint64),
		repeated: make(map[uint64][]uint64),
	}
}

// load adds an event found in the log at start; it MUST be the next of its stream.
func (x *index) load(position uint64, frame []byte) error {
	e, err := parseFrame(frame)
	if err != nil {
		return err
	}
	if e.position != position {
		return fmt.Errorf("an event says it is at position %d", e.position)
	}
	s := x.streams[string(e.stream)]
	if s == nil {
		s = x.begin(string(e.stream))
	}
	x.all = append(x.all, position)
	if e.revision == tombstoneRevision {
		s.tombstone = position
		return nil
	}
	if e.revision > uint64(len(s.positions)) && e.revision < position {
		// What was there is gone. That it may be, because a segment was compacted, is for the caller to know.
		x.gap = cmp.Or(x.gap, position)
		s.positions = append(s.positions, make([]uint64, e.revision-uint64(len(s.positions)))...)
	}
	if e.revision != uint64(len(s.positions)) {
		return fmt.Errorf("revision %d of stream %q where %d was due", e.revision, e.stream, len(s.positions))
	}
	s.positions = append(s.positions, position)
	x.remember(e.id, e.stream, position)
	return nil
}

func (x *index) begin(stream string) *streamIndex {
	s := &streamIndex{}
	x.streams[stream] = s
	return s
}

// add makes a staged event known to the writer.
func (x *index) add(stream string, id uuid.UUID, position uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.streams[stream]
	if s == nil {
		s = x.begin(stream)
	}
	s.positions = append(s.positions, position)
	x.all = append(x.all, position)
	x.remember(id, []byte(stream), position)
}

// bury makes a staged tombstone known to the writer.
func (x *index) bury(stream string, position uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.streams[stream]
	if s == nil {
		s = x.begin(stream)
	}
	s.tombstone = position
	x.all = append(x.all, position)
}

func (x *index) remember(id uuid.UUID, stream []byte, position uint64) {
	h := x.hash(id, stream)
	if _, taken := x.ids[h]; taken {
		x.repeated[h] = append(x.repeated[h], position)
		return
	}
	x.ids[h] = position
}

func (x *index) hash(id uuid.UUID, stream []byte) uint64 {
	var h maphash.Hash
	h.SetSeed(x.seed)
	h.Write(id[:])
	h.Write(stream)
	return h.Sum64()
}

// candidates are the positions at which the event may be, the newest first; the caller MUST look, for hashes can
// coincide. It is for the writer alone.
func (x *index) candidates(id uuid.UUID, stream string) []uint64 {
	h := x.hash(id, []byte(stream))
	first, ok := x.ids[h]
	if !ok {
		return nil
	}
	var found []uint64
	for i := len(x.repeated[h]) - 1; i >= 0; i-- {
		found = append(found, x.repeated[h][i])
	}
	return append(found, first)
}

// staged returns the events of a stream, those not yet durable included. It is for the writer alone.
func (x *index) staged(stream string) sequence {
	if s := x.streams[stream]; s != nil {
		return sequence{s.positions}
	}
	return sequence{}
}

// tombstoned says whether a stream has ended, durably or not yet. It is for the writer alone.
func (x *index) tombstoned(stream string) bool {
	s := x.streams[stream]
	return s != nil && s.tombstone != 0
}

// publish shows everything before end to readers and wakes those who wait.
func (x *index) publish(end uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.durable = end
	close(x.changed)
	x.changed = make(chan struct{})
}

// end is the position after everything that may be shown.
func (x *index) end() uint64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.durable
}

// view is what a reader may see at one moment.
type view struct {
	events sequence
	// changed is closed as soon as there may be more.
	changed <-chan struct{}
	// tombstoned says that the stream has ended for ever.
	tombstoned bool
}

// viewAll shows the whole log.
func (x *index) viewAll() view {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return view{events: x.visible(x.all), changed: x.changed}
}

// viewStream shows one stream; it has no positions when the stream does not exist.
func (x *index) viewStream(stream string) view {
	x.mu.RLock()
	defer x.mu.RUnlock()
	v := view{changed: x.changed}
	if s := x.streams[stream]; s != nil {
		v.events = x.visible(s.positions)
		v.tombstoned = s.tombstone != 0 && s.tombstone < x.durable
	}
	return v
}

// visible cuts off what is staged and not durable: at most one group commit at the end.
func (x *index) visible(positions []uint64) sequence {
	n := len(positions)
	for n > 0 && positions[n-1] >= x.durable {
		n--
	}
	return sequence{positions[:n:n]}
}

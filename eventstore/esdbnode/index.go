package esdbnode

import (
	"bytes"
	"fmt"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"
)

// index knows where every event is. Of segments that no longer grow it is kept in files, one a segment, which are mapped
// into memory; only the segment that is being written has its index in memory. See part for what it consists of and
// indexfile.go for the bytes.
//
// The writer adds events when it stages them; readers see an event only once publish has said that it is durable. There
// is nothing to undo: when a commit fails the node takes no more appends, and what was staged stays invisible. A disk that
// is full is found so before anything is staged.
type index struct {
	mu sync.RWMutex
	// parts are replaced, never changed: readers hold on to the slice that they found.
	parts  []*part
	active *activePart
	names  names
	// heads are the newest runs of the lists, by the number of their names.
	heads []spot
	// streams and tombstones count those that the index knows.
	streams, tombstones int
	// durable is the end of what may be shown.
	durable uint64
	// changed is closed when the log grows, shards when one of the lists that share it does. Most who wait wait for
	// one stream, and there may be many thousands of them.
	changed chan struct{}
	shards  [shardCount]chan struct{}
	touched [shardCount]bool

	// ids and scratch are the writer's alone. The ids of the parts that were there at the start are in old, once they
	// have been collected.
	ids        *idFilter
	old        atomic.Pointer[idFilter]
	collecting sync.WaitGroup
	closing    atomic.Bool
	scratch    []byte
	store      *indexStore
	// projections says that the computed streams can be read.
	projections bool
}

const shardCount = 512

func newIndex() *index {
	x := &index{
		active:  newActivePart(0, 0, 0),
		names:   newNames(),
		changed: make(chan struct{}),
		ids:     newIDFilter(0),
	}
	for i := range x.shards {
		x.shards[i] = make(chan struct{})
	}
	return x
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
	x.mu.Lock()
	defer x.mu.Unlock()
	x.scratch = appendName(x.scratch[:0], listStream, e.stream)
	due := uint64(x.list(x.scratch).len())
	if e.revision != tombstoneRevision && e.revision != due {
		return fmt.Errorf("revision %d of stream %q where %d was due", e.revision, e.stream, due)
	}
	x.insert(e)
	return nil
}

// add makes a staged event known to the writer.
func (x *index) add(e stored) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.insert(e)
}

func (x *index) insert(e stored) {
	id := tag(e.id, e.stream)
	x.ids.add(id)
	event := x.active.event(e.position, id)
	if e.revision == tombstoneRevision {
		x.join(event, listTombstone, e.stream)
		x.touch(x.names.hash(appendName(x.scratch[:0], listStream, e.stream)))
	} else {
		x.join(event, listStream, e.stream)
	}
	x.categorise(event, e)
}

// join puts an event at the end of a list.
func (x *index) join(event uint32, kind byte, of []byte) {
	x.scratch = appendName(x.scratch[:0], kind, of)
	hash := x.names.hash(x.scratch)
	x.touch(hash)
	name, ok := x.number(hash, x.scratch)
	if !ok {
		name = x.names.add(hash)
		x.active.addName(x.scratch)
		x.heads = append(x.heads, nowhere)
		x.count(kind)
	}
	head := x.heads[name]
	if due := x.endOf(head); head.part != uint32(len(x.parts)) {
		head = spot{uint32(len(x.parts)), x.active.begin(name, due, head)}
		x.heads[name] = head
	}
	x.active.join(head.run, event)
}

func (x *index) count(kind byte) {
	switch kind {
	case listStream:
		x.streams++
	case listTombstone:
		x.tombstones++
	}
}

func (x *index) touch(hash uint32) { x.touched[hash%shardCount] = true }

// endOf is the number after the last event of a run.
func (x *index) endOf(at spot) int {
	switch at.part {
	case nowhere.part:
		return 0
	case uint32(len(x.parts)):
		r := &x.active.runs[at.run]
		return r.first + len(r.members)
	}
	return x.parts[at.part].run(at.run).end()
}

// number is that of a name, and whether it has one.
func (x *index) number(hash uint32, name []byte) (uint32, bool) {
	return x.names.find(hash, func(number uint32) bool { return bytes.Equal(x.name(number), name) })
}

func (x *index) name(number uint32) []byte {
	if number >= x.active.firstName {
		return x.active.name(int(number - x.active.firstName))
	}
	i := sort.Search(len(x.parts), func(i int) bool { return x.parts[i].header.firstName > number }) - 1
	return x.parts[i].name(int(number - x.parts[i].header.firstName))
}

// list is everything the index has of a list, staged events included.
func (x *index) list(name []byte) sequence {
	s := sequence{parts: x.parts, prev: nowhere, tail: tail{base: x.active.base, offsets: x.active.offsets}}
	number, ok := x.number(x.names.hash(name), name)
	if !ok {
		return s
	}
	s.prev = x.heads[number]
	s.end = x.endOf(s.prev)
	s.tail.first = s.end
	if s.prev.part == uint32(len(x.parts)) {
		r := x.active.runs[s.prev.run]
		s.prev, s.tail.first, s.tail.members = r.prev, r.first, r.members
	}
	return s
}

// log is the list of every event.
func (x *index) log() sequence {
	a := x.active
	return sequence{
		parts: x.parts, prev: nowhere, whole: true, end: a.firstEvent + len(a.offsets),
		tail: tail{base: a.base, offsets: a.offsets, first: a.firstEvent},
	}
}

// candidates visits the positions at which an event may be, the newest first, until visit says that it is there; visit
// MUST look, for tags can coincide. It is for the writer alone.
func (x *index) candidates(id uuid.UUID, stream string, visit func(position uint64) bool) {
	wanted := tag(id, []byte(stream))
	if !x.mayHave(wanted) {
		return
	}
	x.staged(stream).eachTag(x.active.tags, func(tag uint32, position uint64) bool {
		return tag != wanted || !visit(position)
	})
}

// staged returns the events of a stream, those not yet durable included. It is for the writer alone.
func (x *index) staged(stream string) sequence { return x.stagedList(listStream, stream) }

// tombstoned says whether a stream has ended, durably or not yet. It is for the writer alone.
func (x *index) tombstoned(stream string) bool { return x.stagedList(listTombstone, stream).len() > 0 }

func (x *index) stagedList(kind byte, of string) sequence {
	x.mu.RLock()
	defer x.mu.RUnlock()
	x.scratch = appendName(x.scratch[:0], kind, of)
	return x.list(x.scratch)
}

// publish shows everything before end to readers and wakes those who wait for what has grown.
func (x *index) publish(end uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.durable = end
	close(x.changed)
	x.changed = make(chan struct{})
	for i, touched := range x.touched {
		if touched {
			close(x.shards[i])
			x.shards[i] = make(chan struct{})
		}
	}
	clear(x.touched[:])
}

// view is what a reader may see at one moment.
type view struct {
	events sequence
	// changed is closed as soon as there may be more.
	changed <-chan struct{}
	// tombstoned says that the stream has ended for ever.
	tombstoned bool
	// links says that the events are to be shown as links of a computed stream, and of which.
	links *computed
}

// viewAll shows the whole log.
func (x *index) viewAll() view {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return view{events: x.log().durable(x.durable), changed: x.changed}
}

// viewStream shows one stream; it has no events when the stream does not exist.
func (x *index) viewStream(stream string) view {
	var buffer [128]byte
	x.mu.RLock()
	defer x.mu.RUnlock()
	if c, ok := x.computed(stream); ok {
		v := x.viewList(appendName(buffer[:0], c.kind, c.of))
		v.links = c
		return v
	}
	v := x.viewList(appendName(buffer[:0], listStream, stream))
	// Both are of one moment: who sees the end of a stream sees everything before it.
	v.tombstoned = x.viewList(appendName(buffer[:0], listTombstone, stream)).events.len() > 0
	return v
}

func (x *index) viewList(name []byte) view {
	return view{events: x.list(name).durable(x.durable), changed: x.shards[x.names.hash(name)%shardCount]}
}

// end is the position after everything that may be shown.
func (x *index) end() uint64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.durable
}

package esdbnode

import (
	"hash/fnv"
	"slices"
)

// strategy chooses the reader that gets a message. The group's lock is held in every call.
type strategy interface {
	// joined and left tell of readers.
	joined(r *groupReader)
	left(r *groupReader)
	// choose returns a reader that has room. When there is none, more says whether another message may still find one.
	choose(d *delivery) (r *groupReader, more bool)
	// gone tells that a reader has one message less.
	gone(d *delivery)
}

func newStrategy(name string) strategy {
	switch name {
	case strategySingle:
		return &queueing{single: true}
	case strategyPinned, strategyCorrelation:
		return &pinning{}
	}
	return &queueing{}
}

// queueing hands messages to its readers in turn; single stays with one reader as long as that has room.
type queueing struct {
	single bool
	queue  []*groupReader
}

func (q *queueing) joined(r *groupReader) { q.queue = append(q.queue, r) }

func (q *queueing) left(r *groupReader) {
	q.queue = slices.DeleteFunc(q.queue, func(other *groupReader) bool { return other == r })
}

func (q *queueing) gone(*delivery) {}

func (q *queueing) choose(*delivery) (*groupReader, bool) {
	for range q.queue {
		r := q.queue[0]
		room := r.room() > 0
		if !room || !q.single {
			q.queue = append(q.queue[1:], r)
		}
		if room {
			return r, true
		}
	}
	return nil, false
}

// buckets is EventStoreDB's number of places that origins are spread over.
const buckets = 1024

// pinning keeps the messages of one origin with one reader, as long as that reader stays.
type pinning struct {
	readers []*groupReader
	owner   [buckets]*groupReader
	// flying counts the messages of a bucket that its owner has.
	flying [buckets]int
}

// joined lets the new reader take its share: buckets of which nobody has a message are given out anew.
func (p *pinning) joined(r *groupReader) {
	p.readers = append(p.readers, r)
	for i := range p.owner {
		if p.flying[i] == 0 {
			p.owner[i] = nil
		}
	}
}

func (p *pinning) left(r *groupReader) {
	p.readers = slices.DeleteFunc(p.readers, func(other *groupReader) bool { return other == r })
	for i := range p.owner {
		if p.owner[i] == r {
			p.owner[i], p.flying[i] = nil, 0
		}
	}
}

func (p *pinning) gone(d *delivery) {
	if b := bucketOf(d); p.owner[b] == d.reader && p.flying[b] > 0 {
		p.flying[b]--
	}
}

func (p *pinning) choose(d *delivery) (*groupReader, bool) {
	if !slices.ContainsFunc(p.readers, func(r *groupReader) bool { return r.room() > 0 }) {
		return nil, false
	}
	b := bucketOf(d)
	if p.owner[b] == nil {
		p.owner[b] = p.leastBusy()
	}
	if p.owner[b].room() == 0 {
		return nil, true
	}
	p.flying[b]++
	return p.owner[b], true
}

// leastBusy is the reader that owns the fewest buckets.
func (p *pinning) leastBusy() *groupReader {
	owned := make(map[*groupReader]int)
	for _, r := range p.owner {
		owned[r]++
	}
	return slices.MinFunc(p.readers, func(a, b *groupReader) int { return owned[a] - owned[b] })
}

func bucketOf(d *delivery) uint32 {
	h := fnv.New32a()
	h.Write([]byte(d.origin))
	return h.Sum32() % buckets
}

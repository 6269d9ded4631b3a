package esdbnode

import "sort"

// sequence is a list of events as it is at one moment: those of a stream, numbered by revision, or those of the whole
// log, numbered in order. It MUST NOT change once it has been handed out, however much is appended; it may be used from
// any goroutine and holds no lock.
type sequence struct {
	// parts are the sealed parts of the index, prev is the list's newest run in them, tail what comes after that.
	parts []*part
	prev  spot
	tail  tail
	end   int
	// whole says that the list is the whole log, which has no runs.
	whole bool
}

// tail is the end of a list, which lies in the segment being written.
type tail struct {
	base    uint64
	offsets []uint32
	// members are numbers of events of the segment; in the whole log, every event is one.
	members []uint32
	// first is the number of the tail's first event in the list.
	first int
}

func (t tail) at(i int) uint64 { return t.base + uint64(t.offsets[t.members[i]]) }

// len is the number after the last event; of a stream that is the revision of the next event.
func (s sequence) len() int { return s.end }

// at is the position of one event, 0 when there is none of that number any more.
func (s sequence) at(i int) uint64 {
	if s.whole {
		return s.wholeAt(i)
	}
	if i >= s.tail.first {
		return s.tail.at(i - s.tail.first)
	}
	for at := s.prev; at != nowhere; {
		p := s.parts[at.part]
		r := p.run(at.run)
		if i >= r.end() {
			return 0
		}
		if i >= r.first {
			return p.at(r, i-r.first)
		}
		at = r.prev
	}
	return 0
}

func (s sequence) wholeAt(i int) uint64 {
	if i >= s.tail.first {
		return s.tail.base + uint64(s.tail.offsets[i-s.tail.first])
	}
	n := sort.Search(len(s.parts), func(n int) bool { return s.parts[n].firstEvent > i }) - 1
	return s.parts[n].position(uint32(i - s.parts[n].firstEvent))
}

// page lists the positions of the events from one number up to and without another.
func (s sequence) page(from, to int) []uint64 {
	out := make([]uint64, to-from)
	if s.whole {
		for i := range out {
			out[i] = s.wholeAt(from + i)
		}
		return out
	}
	for i := max(from, s.tail.first); i < to; i++ {
		out[i-from] = s.tail.at(i - s.tail.first)
	}
	for at := s.prev; at != nowhere; {
		p := s.parts[at.part]
		r := p.run(at.run)
		for i := max(from, r.first); i < min(to, r.end()); i++ {
			out[i-from] = p.at(r, i-r.first)
		}
		if r.first <= from {
			break
		}
		at = r.prev
	}
	return out
}

// find returns the number of the first event whose position is not lower, and whether it is the very one.
func (s sequence) find(position uint64) (int, bool) {
	i := sort.Search(s.end, func(i int) bool { return s.at(i) >= position })
	return i, i < s.end && s.at(i) == position
}

// durable cuts off what is staged and not durable, which can only be at the end of the tail.
func (s sequence) durable(end uint64) sequence {
	at := s.tail.at
	if s.whole {
		at = func(i int) uint64 { return s.tail.base + uint64(s.tail.offsets[i]) }
	}
	s.end = s.tail.first + sort.Search(s.end-s.tail.first, func(i int) bool { return at(i) >= end })
	return s
}

// eachTag calls visit with the tag and the position of every event, the newest first, until visit says that it is enough.
func (s sequence) eachTag(active []uint32, visit func(tag uint32, position uint64) bool) {
	for i := len(s.tail.members) - 1; i >= 0; i-- {
		if !visit(active[s.tail.members[i]], s.tail.at(i)) {
			return
		}
	}
	for at := s.prev; at != nowhere; {
		p := s.parts[at.part]
		r := p.run(at.run)
		for i := r.count - 1; i >= 0; i-- {
			event := number(p.members, r.start+i)
			if event < p.header.events && !visit(number(p.tags, int(event)), p.position(event)) {
				return
			}
		}
		at = r.prev
	}
}

// span is a part of a sequence, from one number up to and without another.
type span struct{ from, to int }

func (s span) empty() bool { return s.from >= s.to }

// next cuts the leading n events off, or the trailing n when reading backwards.
func (s span) next(n int, backwards bool) (page, rest span) {
	if backwards {
		return span{s.to - n, s.to}, span{s.from, s.to - n}
	}
	return span{s.from, s.from + n}, span{s.from + n, s.to}
}

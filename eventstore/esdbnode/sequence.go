package esdbnode

import "sort"

// sequence is a list of events as it is at one moment: those of a stream, numbered by revision, or those of the whole
// log, numbered in order. It MUST NOT change once it has been handed out, however much is appended.
type sequence struct {
	positions []uint64
}

// len is the number after the last event; of a stream that is the revision of the next event.
func (s sequence) len() int { return len(s.positions) }

// at is the position of one event.
func (s sequence) at(i int) uint64 { return s.positions[i] }

// page lists the positions of the events from one number up to and without another.
func (s sequence) page(from, to int) []uint64 { return s.positions[from:to] }

// find returns the number of the first event whose position is not lower, and whether it is the very one.
func (s sequence) find(position uint64) (int, bool) {
	i := sort.Search(s.len(), func(i int) bool { return s.at(i) >= position })
	return i, i < s.len() && s.at(i) == position
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

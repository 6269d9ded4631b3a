package esdbnode

import "encoding/binary"

// part is the index of one segment that no longer grows. It lies in the bytes of its file and is read where it lies, so
// that a log of any size needs next to no memory for it.
//
// A part numbers the events of its segment from 0 and knows for each where it is and its id's tag. It divides them into
// runs: a run is what one list, a stream for instance, has of its events in this segment, and points at the list's run
// before. So a list is a chain of runs from the newest to the oldest.
type part struct {
	header partHeader
	// sum stands for the whole part, and for all parts before.
	sum uint32
	// firstEvent is the number of events in the parts before.
	firstEvent int

	offsets, tags, rows, members, nameEnds, text []byte
	// memory is what the slices point into. Whoever uses them holds on to the part, which keeps a mapped file mapped.
	memory []byte
}

// spot is where a run is: the number of its part, and its own in the part.
type spot struct{ part, run uint32 }

// nowhere is the place before the first run of a list.
var nowhere = spot{part: ^uint32(0)}

// listRun is a number of events of a list that lie in one segment and have numbers that follow each other.
type listRun struct {
	name uint32
	// first is the number of the first event in its list.
	first int
	// start and count are the run's share of the part's members.
	start, count int
	prev         spot
}

func (r listRun) end() int { return r.first + r.count }

func number(b []byte, i int) uint32 { return binary.LittleEndian.Uint32(b[4*i:]) }

// position is that of an event of the segment; 0, where no event can be, when there is no such event.
func (p *part) position(event uint32) uint64 {
	if event >= p.header.events {
		return 0
	}
	return p.header.base + uint64(number(p.offsets, int(event)))
}

// at is the position of an event of a run.
func (p *part) at(r listRun, i int) uint64 { return p.position(number(p.members, r.start+i)) }

// run reads one row.
func (p *part) run(i uint32) listRun {
	row := p.rows[int(i)*rowSize:]
	r := listRun{
		name: number(row, 0), first: int(number(row, 1)), start: int(number(row, 2)),
		prev: spot{number(row, 3), number(row, 4)},
	}
	end := int(p.header.members)
	if i+1 < p.header.runs {
		end = int(number(row, rowSize/4+2))
	}
	r.count = end - r.start
	return r
}

// name is that of a list whose first event is in this part; i counts those.
func (p *part) name(i int) []byte {
	start := uint32(0)
	if i > 0 {
		start = number(p.nameEnds, i-1)
	}
	return p.text[start:number(p.nameEnds, i)]
}

// activePart is the index of the segment that is being written, of the same form as a part.
type activePart struct {
	base       uint64
	firstEvent int
	firstName  uint32
	offsets    []uint32
	tags       []uint32
	runs       []activeRun
	members    int
	nameEnds   []uint32
	text       []byte
}

type activeRun struct {
	name    uint32
	first   int
	prev    spot
	members []uint32
}

func newActivePart(base uint64, firstEvent int, firstName uint32) *activePart {
	return &activePart{base: base, firstEvent: firstEvent, firstName: firstName}
}

// event adds an event and returns its number.
func (a *activePart) event(position uint64, tag uint32) uint32 {
	a.offsets = append(a.offsets, uint32(position-a.base))
	a.tags = append(a.tags, tag)
	return uint32(len(a.offsets) - 1)
}

// begin starts a run.
func (a *activePart) begin(name uint32, first int, prev spot) uint32 {
	a.runs = append(a.runs, activeRun{name: name, first: first, prev: prev})
	return uint32(len(a.runs) - 1)
}

func (a *activePart) join(run, event uint32) {
	r := &a.runs[run]
	r.members = append(r.members, event)
	a.members++
}

func (a *activePart) addName(name []byte) {
	a.text = append(a.text, name...)
	a.nameEnds = append(a.nameEnds, uint32(len(a.text)))
}

func (a *activePart) name(i int) []byte {
	start := uint32(0)
	if i > 0 {
		start = a.nameEnds[i-1]
	}
	return a.text[start:a.nameEnds[i]]
}

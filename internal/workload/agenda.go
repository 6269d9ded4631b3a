package workload

import "github.com/partnerledger/partnerledger/domain"

// happening is something that is to happen at its time, or that turns out to be impossible by then.
// The types that implement it stand beside what they do; most hold one pointer and cost no allocation.
type happening interface{ happen(g *generator) }

type entry struct {
	at   domain.Instant
	turn uint64
	what happening
}

func (e entry) before(o entry) bool { return e.at < o.at || e.at == o.at && e.turn < o.turn }

// agenda holds what is to happen, in order of time; what was put in first happens first in one instant.
//
// Two million things may lie ahead. They wait in a list for each day and are put in order when their day
// has come, so that only the few thousand of one day are moved about.
type agenda struct {
	days  [][]entry
	day   int
	today []entry
	turn  uint64
}

func newAgenda() agenda { return agenda{days: make([][]entry, (end-begin)/domain.Day), day: -1} }

// add puts a thing into the agenda; what is due after the end of the workload is dropped.
func (a *agenda) add(at domain.Instant, what happening) {
	if at >= end {
		return
	}
	a.turn++
	e := entry{at, a.turn, what}
	if day := int((at - begin) / domain.Day); day > a.day {
		a.days[day] = append(a.days[day], e)
		return
	}
	a.today = append(a.today, e)
	a.rise(len(a.today) - 1)
}

// next takes out the first thing; the answer is false when nothing is left.
func (a *agenda) next() (entry, bool) {
	for len(a.today) == 0 {
		if a.day++; a.day >= len(a.days) {
			return entry{}, false
		}
		a.today, a.days[a.day] = a.days[a.day], nil
		for i := len(a.today)/2 - 1; i >= 0; i-- {
			a.sink(i)
		}
	}
	first, last := a.today[0], len(a.today)-1
	a.today[0], a.today[last] = a.today[last], entry{}
	a.today = a.today[:last]
	a.sink(0)
	return first, true
}

func (a *agenda) rise(i int) {
	for heap := a.today; i > 0; {
		above := (i - 1) / 2
		if !heap[i].before(heap[above]) {
			return
		}
		heap[i], heap[above] = heap[above], heap[i]
		i = above
	}
}

func (a *agenda) sink(i int) {
	for heap := a.today; ; {
		least := 2*i + 1
		if least >= len(heap) {
			return
		}
		if right := least + 1; right < len(heap) && heap[right].before(heap[least]) {
			least = right
		}
		if !heap[least].before(heap[i]) {
			return
		}
		heap[i], heap[least] = heap[least], heap[i]
		i = least
	}
}

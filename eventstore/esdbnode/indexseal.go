package esdbnode

import "slices"

// sealedIndex is what the log tells of segments that no longer grow.
type sealedIndex interface {
	// adopt reports whether the events of such a segment are known already and need not be read. Segments come in
	// order, and after the first that is not known, its events come before the next segment.
	adopt(s *segment) bool
	// seal is told that all events of a segment have come and that it ends at end.
	seal(end uint64) error
}

// collectIDs fills the filter of the ids in the parts that were on disk. With ten million of them that takes most of a
// second, so nobody waits for it: until it is done, the ids are searched for.
func (x *index) collectIDs() {
	var found []*part
	count := 0
	// Parts that were made anew may be on their way into files, and take the place of those in memory meanwhile.
	x.mu.RLock()
	parts := x.parts
	x.mu.RUnlock()
	for _, p := range parts {
		if x.store != nil && x.store.found[p.header.base] == p {
			found = append(found, p)
			count += int(p.header.events)
		}
	}
	filter := newIDFilter(count)
	if count == 0 {
		x.old.Store(filter)
		return
	}
	x.collecting.Go(func() {
		for _, p := range found {
			if x.closing.Load() {
				return
			}
			for i := range int(p.header.events) {
				filter.add(number(p.tags, i))
			}
		}
		x.old.Store(filter)
	})
}

// mayHave is false only when no event has a tag.
func (x *index) mayHave(tag uint32) bool {
	old := x.old.Load()
	return x.ids.mayHave(tag) || old == nil || old.mayHave(tag)
}

// adopt takes the part of a segment from its index file, if there is one that follows the parts taken before.
func (x *index) adopt(s *segment) bool {
	if x.store == nil {
		return false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	p := x.store.found[s.base]
	if p == nil || !x.follows(p, s) {
		return false
	}
	p.header.firstName, p.firstEvent = x.active.firstName, x.active.firstEvent
	if len(x.parts) == 0 {
		x.names.reserve(x.store.names)
	}
	for i := range int(p.header.names) {
		name := p.name(i)
		x.names.add(x.names.hash(name))
		x.heads = append(x.heads, nowhere)
		x.count(name[0])
	}
	for i := range p.header.runs {
		x.heads[number(p.rows, 5*int(i))] = spot{p.header.number, i}
	}
	x.push(p)
	return true
}

// follows tells whether a part is the next one: of this segment, as it is, and made when the parts before were the same.
func (x *index) follows(p *part, s *segment) bool {
	h := p.header
	if int(h.number) != len(x.parts) || h.before != x.sum() || len(x.active.offsets) > 0 ||
		h.base != x.active.base || h.end != s.base+uint64(s.allocated) {
		return false
	}
	names := uint32(len(x.names.hashes)) + h.names
	for i := range int(h.runs) {
		row := p.rows[i*rowSize:]
		prev := spot{number(row, 3), number(row, 4)}
		known := prev == nowhere || prev.part < h.number && prev.run < x.parts[prev.part].header.runs ||
			prev.part == h.number && int(prev.run) < i
		if number(row, 0) >= names || !known {
			return false
		}
	}
	return true
}

func (x *index) sum() uint32 {
	if len(x.parts) == 0 {
		return 0
	}
	return x.parts[len(x.parts)-1].sum
}

// seal ends the active part and has it written to its file.
func (x *index) seal(end uint64) error {
	p, err := x.sealed(end)
	if err == nil && x.store != nil {
		x.store.save(p, x.replace)
	}
	return err
}

func (x *index) sealed(end uint64) (*part, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	data, err := x.active.encode(len(x.parts), end, x.sum())
	if err != nil {
		return nil, err
	}
	p, err := parsePart(data)
	if err != nil {
		return nil, err
	}
	p.header.firstName, p.firstEvent = x.active.firstName, x.active.firstEvent
	x.push(p)
	return p, nil
}

// push makes a part the last and begins the next.
func (x *index) push(p *part) {
	x.parts = append(slices.Clip(x.parts), p)
	x.active = newActivePart(p.header.end, p.firstEvent+int(p.header.events), uint32(len(x.names.hashes)))
}

// replace puts the part in a file in the place of the same part in memory.
func (x *index) replace(p *part) {
	x.mu.Lock()
	defer x.mu.Unlock()
	old := x.parts[p.header.number]
	p.header.firstName, p.firstEvent = old.header.firstName, old.firstEvent
	parts := slices.Clone(x.parts)
	parts[p.header.number] = p
	x.parts = parts
}

// close waits until what is being written is on disk; the index stays readable.
func (x *index) close() {
	x.closing.Store(true)
	x.collecting.Wait()
	if x.store != nil {
		x.store.close()
	}
}

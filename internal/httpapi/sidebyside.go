package httpapi

// sideBySide runs pieces of work beside each other, so many at most. Pieces with a common key run in the order in
// which they were started, and one that is to run alone runs after all before it and before all after it.
//
// It is not safe for concurrent use: one goroutine starts the work.
type sideBySide struct {
	slots chan struct{}            // one for each piece started and not done
	last  map[string]chan struct{} // by key, closed when the piece last started with it is done
}

func newSideBySide(most int) *sideBySide {
	return &sideBySide{slots: make(chan struct{}, most), last: map[string]chan struct{}{}}
}

// start has the work done and returns before it is, once there is room for it. What it gives is closed afterwards.
func (s *sideBySide) start(keys []string, alone bool, work func()) (done chan struct{}) {
	done = make(chan struct{})
	if alone {
		s.wait()
		work()
		close(done)
		return done
	}
	s.slots <- struct{}{}
	before := s.follow(keys, done)
	go func() {
		defer func() { close(done); <-s.slots }()
		for _, b := range before {
			<-b // it was started earlier, so that nobody waits for each other
		}
		work()
	}()
	return done
}

// wait returns when all work started is done.
func (s *sideBySide) wait() {
	for range cap(s.slots) {
		s.slots <- struct{}{}
	}
	for range cap(s.slots) {
		<-s.slots
	}
	clear(s.last)
}

// follow gives what must be done before, and puts done in its place.
func (s *sideBySide) follow(keys []string, done chan struct{}) (before []chan struct{}) {
	s.forget()
	for _, key := range keys {
		if b, ok := s.last[key]; ok && b != done { // a key may stand there twice
			before = append(before, b)
		}
		s.last[key] = done
	}
	return before
}

// forget drops keys whose work is done, now and then: what is kept is bounded by what is under way.
func (s *sideBySide) forget() {
	if len(s.last) < 16*cap(s.slots) {
		return
	}
	for key, done := range s.last {
		select {
		case <-done:
			delete(s.last, key)
		default:
		}
	}
}

package replay

import (
	"context"
	"sync"

	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
)

// crew are the workers that decode and decide, as many as are wanted. None of them ever waits for
// another, so that whoever has work for them waits for a bounded time.
type crew struct {
	ctx    context.Context
	work   chan func(*worker)
	hired  sync.WaitGroup
	closed sync.Once

	mu    sync.Mutex
	found findings
}

// worker has a codec of its own, because of the tape behind it.
type worker struct {
	tape  *tape
	codec *eventstore.Codec
	rules func(vocabulary.Policy) eventstore.Decide
	found findings // of the task at hand
}

func hire(ctx context.Context, o Options, n int) *crew {
	c := &crew{ctx: ctx, work: make(chan func(*worker), n)}
	for range n {
		t := &tape{keys: o.Keys}
		w := &worker{tape: t, codec: eventstore.NewCodec(vocabulary.Events(), t), rules: o.Rules}
		c.hired.Go(func() {
			for task := range c.work {
				task(w)
				c.report(w)
			}
		})
	}
	return c
}

// do has a task done, some time.
func (c *crew) do(task func(*worker)) error {
	select {
	case c.work <- task:
		return nil
	case <-c.ctx.Done():
		return c.ctx.Err()
	}
}

func (c *crew) report(w *worker) {
	if w.found.empty() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.found.add(w.found)
	w.found = findings{}
}

func (c *crew) differing() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.found.differing
}

// finish waits until everything is done, and gives what was found. Nothing may be given to do after it.
func (c *crew) finish() findings {
	c.closed.Do(func() { close(c.work) })
	c.hired.Wait()
	return c.found
}

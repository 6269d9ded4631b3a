package workload

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/partnerledger/partnerledger/domain"
)

// Line is one line of a workload.
type Line struct {
	// Number counts from 1.
	Number int
	At     domain.Instant
	// Refused is the code with which the command must be refused; empty where it must be accepted.
	Refused domain.Code
	// Repeated tells that the line is the one before it, byte for byte.
	Repeated bool
	// Text is the JSON object with its newline. It is overwritten after yield has returned.
	Text []byte
}

// Summary says what was written.
type Summary struct {
	Lines, Repeated int
	// Refused counts the lines that must be refused, by code, the repeated ones too.
	Refused map[domain.Code]int
	Bytes   int64
}

// MustBeRefused is the number of lines that must be refused.
func (s Summary) MustBeRefused() (n int) {
	for _, count := range s.Refused {
		n += count
	}
	return n
}

// Each makes the workload and hands over one line after another, in order of their time. It ends with the
// error of yield, with the context's when that is cancelled, and with one that names an unknown size.
func Each(ctx context.Context, o Options, yield func(Line) error) error {
	size, err := o.Size.dimensions()
	if err != nil {
		return err
	}
	if o.Through == 0 {
		o.Through = end
	}
	g := newGenerator(ctx, o, size, yield)
	g.openMarket()
	if o.EdgeCases {
		g.playScenes()
	}
	return g.run()
}

// Generate makes the workload and writes it; the errors are those of Each, or of w.
func Generate(ctx context.Context, o Options, w io.Writer) (Summary, error) {
	s := Summary{Refused: map[domain.Code]int{}}
	out := bufio.NewWriterSize(w, 1<<16)
	err := Each(ctx, o, func(l Line) error {
		s.Lines++
		if l.Repeated {
			s.Repeated++
		}
		if l.Refused != "" {
			s.Refused[l.Refused]++
		}
		n, err := out.Write(l.Text)
		s.Bytes += int64(n)
		return err
	})
	if err != nil {
		return s, fmt.Errorf("workload ends after line %d: %w", s.Lines, err)
	}
	return s, out.Flush()
}

// generator is the simulated business in the middle of its life.
type generator struct {
	chance
	seed   seedling
	count  counters
	words  words
	size   dimensions
	agenda agenda
	now    domain.Instant

	providers    [2]*provider
	resellers    []*reseller
	partnerships []*partnership
	customers    []*customer
	heavyLeft    int
	mistakes     []weighted[mistake]
	memory       memory

	ctx   context.Context
	limit int
	last  domain.Instant
	yield func(Line) error
	line  Line
	// stopped is why no more lines are wanted; done means that this is as it should be.
	stopped error
}

// errDone is the reason to stop when all the lines that were asked for have been written.
var errDone = errors.New("all lines asked for are written")

func newGenerator(ctx context.Context, o Options, size dimensions, yield func(Line) error) *generator {
	return &generator{chance: newChance(o.Seed, o.Size), seed: seedling(o.Seed), words: newWords(), size: size, agenda: newAgenda(),
		now: begin, heavyLeft: size.heavy, mistakes: mistakes(), ctx: ctx, limit: o.Limit, last: o.Through, yield: yield}
}

// run lets everything in the agenda happen.
func (g *generator) run() error {
	for g.stopped == nil {
		e, ok := g.agenda.next()
		if !ok || e.at > g.last {
			break
		}
		if g.stopped = g.ctx.Err(); g.stopped != nil {
			break
		}
		g.now = e.at
		e.what.happen(g)
	}
	if g.stopped == errDone {
		return nil
	}
	return g.stopped
}

// later puts a thing into the agenda.
func (g *generator) later(at domain.Instant, what happening) { g.agenda.add(max(at, g.now), what) }

// repeatRate is the share of lines that a client sends again because it got no answer.
const repeatRate = 0.001

// send writes a command now.
func (g *generator) send(by actor, w wish, refused domain.Code) {
	g.count.commands++
	g.sendAs(g.seed.id("command", g.count.commands), by, w, refused)
}

func (g *generator) sendAs(command id, by actor, w wish, refused domain.Code) {
	g.line.Text = envelope{command, g.now, by, w, refused}.append(g.line.Text[:0])
	g.line.At, g.line.Refused = g.now, refused
	g.write(false)
	if g.likely(repeatRate) {
		g.write(true)
	}
}

func (g *generator) write(repeated bool) {
	if g.stopped != nil {
		return
	}
	g.line.Number++
	g.line.Repeated = repeated
	if g.stopped = g.yield(g.line); g.stopped == nil && g.line.Number == g.limit {
		g.stopped = errDone
	}
}

//go:build linux

package campaign

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is one part of the world, in a process of its own that is started again whenever it ends, as a service
// manager would, until it is told to stay down.
type process struct {
	name    string
	program string
	args    []string
	env     []string
	lead    func(address string) // is told where it answers; nil if it doesn't say

	mu       sync.Mutex
	wanted   bool
	next     []string // environment of the next life alone
	life     *life    // the present one, nil while it is down
	lives    int
	lines    []string // all that it said, of all its lives
	ends     []ending
	excused  *regexp.Regexp // what an ending may say, for the time being
	keeping  sync.WaitGroup
	happened chan int
}

// life is one run of the program.
type life struct {
	command *exec.Cmd
	stdin   io.WriteCloser
	ready   chan struct{} // closed when it has said where it answers
	ended   chan struct{}
	meant   bool // it was ended by the campaign
}

// ending is how a life ended that nobody meant to end.
type ending struct {
	name, how string
	said      []string
}

// String is the ending for people.
func (e ending) String() string {
	return fmt.Sprintf("%s ended by itself, %s; its last words:\n    %s", e.name, e.how, strings.Join(e.said, "\n    "))
}

var answersAt = regexp.MustCompile(`answers at (\S+)`)

// up starts it and keeps it up.
func (p *process) up() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wanted {
		return
	}
	p.wanted = true
	p.keeping.Go(p.keep)
}

// revival is how long a process that ended stays away.
const revival = 50 * time.Millisecond

func (p *process) keep() {
	for {
		l, err := p.start()
		if err != nil {
			p.note("can't be started: " + err.Error())
			return
		}
		if l == nil {
			return
		}
		<-l.ended
		p.mu.Lock()
		p.life = nil
		wanted := p.wanted
		p.mu.Unlock()
		if !wanted {
			return
		}
		<-time.After(revival)
	}
}

// start begins a life; nil means that none is wanted any more.
func (p *process) start() (*life, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.wanted {
		return nil, nil
	}
	l := &life{command: exec.Command(p.program, p.args...), ready: make(chan struct{}), ended: make(chan struct{})}
	l.command.Env = append(append(os.Environ(), p.env...), p.next...)
	l.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.next = nil
	stdout, err1 := l.command.StdoutPipe()
	stderr, err2 := l.command.StderrPipe()
	stdin, err3 := l.command.StdinPipe()
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			return nil, err
		}
	}
	l.stdin = stdin
	if err := l.command.Start(); err != nil {
		return nil, err
	}
	p.life = l
	p.lives++
	go p.attend(l, stdout, stderr)
	return l, nil
}

// attend listens to a life until it ends, and judges how it ended.
func (p *process) attend(l *life, stdout, stderr io.Reader) {
	var listening sync.WaitGroup
	listening.Go(func() { each(stderr, p.note) })
	listening.Go(func() {
		each(stdout, func(line string) {
			p.note(line)
			if found := answersAt.FindStringSubmatch(line); found != nil && p.lead != nil {
				p.lead(found[1])
				close(l.ready)
			}
			if count, found := strings.CutPrefix(line, "happened "); found {
				n, _ := strconv.Atoi(count)
				p.happened <- n
			}
		})
	})
	listening.Wait()
	err := l.command.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !l.meant && !p.diedOnDemand() {
		p.ends = append(p.ends, ending{name: p.name, how: fmt.Sprint(err), said: last(p.lines, 5)})
	}
	close(l.ended)
}

func each(r io.Reader, do func(string)) {
	in := bufio.NewScanner(r)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		do(in.Text())
	}
	_, _ = io.Copy(io.Discard, r)
}

func last(lines []string, n int) []string {
	return append([]string(nil), lines[max(0, len(lines)-n):]...)
}

func (p *process) note(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, line)
}

// diedOnDemand tells whether a death point was its last word; the lock is held.
func (p *process) diedOnDemand() bool {
	for _, line := range last(p.lines, 3) {
		if strings.Contains(line, dying) {
			return true
		}
	}
	return false
}

// kill ends it as a loss of power would, but for the disk's own cache, and tells whether it was this that ended it.
func (p *process) kill() bool { return p.end(syscall.SIGKILL) }

// term asks it to end. Either way it comes back if it is kept up.
func (p *process) term() bool { return p.end(syscall.SIGTERM) }

func (p *process) end(with syscall.Signal) bool {
	p.mu.Lock()
	l := p.life
	if l != nil {
		l.meant = true
	}
	p.mu.Unlock()
	if l == nil {
		return false
	}
	_ = l.command.Process.Signal(with)
	<-l.ended
	status, ok := l.command.ProcessState.Sys().(syscall.WaitStatus)
	return ok && (with == syscall.SIGTERM || status.Signaled() && status.Signal() == with)
}

// down ends it, and it stays away until up.
func (p *process) down(with syscall.Signal) {
	p.mu.Lock()
	p.wanted = false
	p.mu.Unlock()
	p.end(with)
	p.keeping.Wait()
}

// again lets it end and begin anew, with additions to its environment for that one life.
func (p *process) again(env ...string) {
	p.mu.Lock()
	p.next = env
	p.mu.Unlock()
	p.term()
}

// freeze stops its clock, so to say; thaw lets it go on as if nothing had been.
func (p *process) freeze() bool { return p.signal(syscall.SIGSTOP) }
func (p *process) thaw() bool   { return p.signal(syscall.SIGCONT) }

func (p *process) signal(s syscall.Signal) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.life != nil && p.life.command.Process.Signal(s) == nil
}

// order makes the event store misbehave, and gives how many calls its faults have hit so far.
func (p *process) order(format string, a ...any) int {
	p.mu.Lock()
	l := p.life
	p.mu.Unlock()
	if l == nil {
		return 0
	}
	if _, err := fmt.Fprintf(l.stdin, format+"\n", a...); err != nil {
		return 0
	}
	select {
	case n := <-p.happened:
		return n
	case <-l.ended:
		return 0
	}
}

// isReady tells whether it is up and has said where it answers.
func (p *process) isReady() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.life == nil {
		return false
	}
	select {
	case <-p.life.ready:
		return true
	default:
		return p.lead == nil
	}
}

// present is its present life, nil while it is down; a life that isn't there is over.
func (p *process) present() *life {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.life
}

var closed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

func (l *life) over() <-chan struct{} {
	if l == nil {
		return closed
	}
	return l.ended
}

// mark is a place in what the process says; said tells whether it has said something like it since.
func (p *process) mark() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.lines)
}

func (p *process) said(since int, what *regexp.Regexp) (times int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, line := range p.lines[since:] {
		if what.MatchString(line) {
			times++
		}
	}
	return times
}

// unmeant gives the endings that nobody meant, but for those that are excused, and forgets them.
func (p *process) unmeant(excuse *regexp.Regexp) (found []ending) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.ends {
		if excuse == nil || !excuse.MatchString(strings.Join(e.said, "\n")) {
			found = append(found, e)
		}
	}
	p.ends = nil
	return found
}

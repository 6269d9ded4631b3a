// Package ledgerdtest supports tests: it runs ledgerd as a process of its own, on a free port, and ends it
// as an operator would.
package ledgerdtest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
)

// Daemon is a ledgerd that answers.
type Daemon struct {
	Address string // http://HOST:PORT
	// Stdout and Stderr are whole once it has ended.
	Stdout, Stderr bytes.Buffer

	command *exec.Cmd
	ended   chan struct{}
	err     error
}

var addressLine = regexp.MustCompile(`answers at (http://\S+)`)

// Start runs the program and returns once it answers. Whoever starts it MUST Stop it.
func Start(program string, env []string, args ...string) (*Daemon, error) {
	d := &Daemon{ended: make(chan struct{})}
	d.command = exec.Command(program, append([]string{"--http", "127.0.0.1:0", "--log-level", "warn"}, args...)...)
	d.command.Env, d.command.Stderr = env, &d.Stderr
	stdout, err := d.command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("ledgerd: %w", err)
	}
	if err := d.command.Start(); err != nil {
		return nil, fmt.Errorf("ledgerd: %w", err)
	}
	address := make(chan string, 1)
	go d.attend(bufio.NewScanner(stdout), address)
	select {
	case d.Address = <-address:
		return d, nil
	case <-d.ended:
		return nil, fmt.Errorf("ledgerd ended before it answered: %w: %s", errors.Join(d.err, errors.New("no address")), &d.Stderr)
	}
}

// attend reads what the daemon prints until it ends.
func (d *Daemon) attend(lines *bufio.Scanner, address chan<- string) {
	defer close(d.ended)
	for lines.Scan() {
		fmt.Fprintln(&d.Stdout, lines.Text())
		if found := addressLine.FindStringSubmatch(lines.Text()); found != nil {
			address <- found[1]
		}
	}
	d.err = d.command.Wait()
}

// Stop sends the signal and waits for the end; its error is how the daemon ended, nil for exit code 0.
func (d *Daemon) Stop(signal os.Signal) error {
	if err := d.command.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ledgerd: %w", err)
	}
	<-d.ended
	if d.err != nil {
		return fmt.Errorf("ledgerd: %w: %s", d.err, &d.Stderr)
	}
	return nil
}

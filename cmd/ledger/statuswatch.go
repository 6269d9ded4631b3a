package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/partnerledger/partnerledger/internal/client"
)

// watchStatus prints the status again and again until ctx ends, which is how it is meant to end. A ledger
// that goes away after the first answer is waited for.
func (a *app) watchStatus(ctx context.Context, c *client.Client, interval time.Duration) error {
	screen := a.screen()
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for answered := false; ; answered = true {
		text, err := a.askStatus(ctx, c)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !answered:
			return err
		case err != nil:
			err = a.missed(screen, err)
		case a.json:
			_, err = io.WriteString(a.out, text)
		default:
			err = screen.show(time.Now().UTC().Format(time.DateTime) + "\n" + text)
		}
		if err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// missed tells that there was no answer this time: in the list's place where there is one, else beside the answers.
func (a *app) missed(s *screen, err error) error {
	note := fmt.Sprintf("%s  no answer, trying again: %v\n", time.Now().UTC().Format(time.DateTime), err)
	if s.size != nil && !a.json {
		return s.show(note)
	}
	_, err = io.WriteString(a.err, note)
	return err
}

// screen shows one text after the other: in the same place on a terminal, below each other elsewhere.
type screen struct {
	out   io.Writer
	size  func() (width, height int, err error) // of the terminal; nil where there is none
	lines int                                   // that are shown at present
}

func (a *app) screen() *screen {
	s := &screen{out: a.out}
	if file, ok := a.out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		s.size = func() (int, int, error) { return term.GetSize(int(file.Fd())) }
	}
	return s
}

// The terminal is told to go up so many lines, to clear the rest of a line, and all below.
const (
	up        = "\x1b[%dA"
	clearLine = "\x1b[K"
	clearRest = "\x1b[J"
)

func (s *screen) show(text string) error {
	if s.size == nil {
		_, err := io.WriteString(s.out, text+"\n")
		return err
	}
	width, height, err := s.size()
	if err != nil {
		return errors.Join(errors.New("the terminal does not tell its size"), err)
	}
	var out strings.Builder
	if s.lines > 0 {
		fmt.Fprintf(&out, up, min(s.lines, height-1))
	}
	shown := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	shown = shown[:min(len(shown), height-1)] // a list that scrolls could not be drawn over
	for _, line := range shown {
		out.WriteString("\r" + cut(line, width) + clearLine + "\n")
	}
	out.WriteString(clearRest)
	s.lines = len(shown)
	_, err = io.WriteString(s.out, out.String())
	return err
}

// cut keeps a line from being wrapped, which would make two of it.
func cut(line string, width int) string {
	if utf8.RuneCountInString(line) <= width {
		return line
	}
	return string([]rune(line)[:max(width-1, 0)]) + "…"
}

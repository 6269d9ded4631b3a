package submission

import (
	"fmt"
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// bar shows how far a submission is; on anything but a terminal it stays silent, and only what must be
// said is printed.
type bar struct {
	out  io.Writer
	bar  *progressbar.ProgressBar
	read func() int64
}

func newBar(o Options) *bar {
	b := &bar{out: o.Progress, read: o.Read}
	file, ok := o.Progress.(*os.File)
	if o.Quiet || !ok || !term.IsTerminal(int(file.Fd())) {
		return b
	}
	options := []progressbar.Option{progressbar.OptionSetWriter(o.Progress), progressbar.OptionSetWidth(30), progressbar.OptionThrottle(100_000_000),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true), progressbar.OptionSetElapsedTime(true)}
	switch {
	case o.Lines > 0:
		b.read = nil
		b.bar = progressbar.NewOptions64(o.Lines, append(options, progressbar.OptionShowCount())...)
	default:
		b.bar = progressbar.NewOptions64(o.Bytes, options...)
	}
	return b
}

func (b *bar) tick(s *Summary, sent int64) {
	if b.bar == nil || s.Lines%64 != 0 {
		return
	}
	b.bar.Describe(fmt.Sprintf("%d commands, %d refused", s.Lines, s.Refused))
	_ = b.bar.Set64(b.at(s.Lines, sent)) // past the estimate it stays full
}

// at is how far the answers are. Reading runs ahead of them, by as much as connections hold: what was read
// counts as far as what was sent of it is answered.
func (b *bar) at(answered, sent int64) int64 {
	if b.read == nil {
		return answered
	}
	return int64(float64(b.read()) * float64(answered) / float64(max(answered, sent)))
}

// say prints a line above the bar.
func (b *bar) say(text string) {
	if b.bar != nil {
		_ = b.bar.Clear()
	}
	if b.out != nil {
		fmt.Fprintln(b.out, text)
	}
}

func (b *bar) done() {
	if b.bar != nil {
		_ = b.bar.Finish()
	}
}

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

func (b *bar) tick(s *Summary) {
	if b.bar == nil || s.Lines%64 != 0 {
		return
	}
	b.bar.Describe(fmt.Sprintf("%d commands, %d refused", s.Lines, s.Refused))
	at := s.Lines
	if b.read != nil {
		at = b.read()
	}
	_ = b.bar.Set64(at) // past the estimate it stays full
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

package httpapi

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/partnerledger/partnerledger/internal/intake"
)

// lineMax is how long one command may be, in bytes.
const lineMax = 1 << 20

// lines reads a body line by line. A line that is too long is answered and passed over; the rest goes on.
type lines struct {
	r    *bufio.Reader
	next int64 // number of the next line
}

func newLines(r io.Reader, first int64) *lines {
	return &lines{r: bufio.NewReaderSize(r, 64<<10), next: first}
}

// read gives the next line that isn't blank and its number; io.EOF after the last. A *intake.Fault
// concerns that line alone.
func (l *lines) read() (line []byte, number int64, err error) {
	for {
		line, err = l.one()
		number = l.next
		l.next++
		if err != nil || len(bytes.TrimSpace(line)) > 0 {
			return line, number, err
		}
	}
}

func (l *lines) one() ([]byte, error) {
	var line []byte
	for {
		part, err := l.r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > lineMax:
			return nil, l.pass(err)
		case err == nil:
			return line, nil
		case errors.Is(err, io.EOF) && len(line) > 0:
			return line, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// pass reads over the rest of a line that is too long.
func (l *lines) pass(err error) error {
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = l.r.ReadSlice('\n')
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return &intake.Fault{Code: intake.LineTooLong, Message: "The line is longer than 1 MiB."}
}

// waiting tells whether more input is at hand without waiting for it.
func (l *lines) waiting() bool { return l.r.Buffered() > 0 }

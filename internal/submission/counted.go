package submission

import (
	"io"
	"sync/atomic"
)

// Counted counts what is read through it, for a progress bar in another goroutine.
type Counted struct {
	Reader io.Reader
	n      atomic.Int64
}

// Read reads and counts.
func (c *Counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// Count is how many bytes were read.
func (c *Counted) Count() int64 { return c.n.Load() }

package esdbnode

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"
)

// Options say how a node runs. Exactly one of Dir and Memory has to be set.
type Options struct {
	// Dir is the directory of the log. It is created when missing, and locked while the node runs.
	Dir string
	// Memory keeps the log in memory; it is gone when the node closes.
	Memory bool
	// Listen is the address, host and port, to listen on. Without TLS the host MUST be a loopback address. The default is
	// a free port of 127.0.0.1.
	Listen string
	// Advertise is the host under which clients that look for a cluster are told to reach the node; by default it is
	// the address they came to.
	Advertise string
	// TLS makes the node secure: it speaks TLS, and each call needs the name and password of a user, or a client
	// certificate, and may do what that user may. Without it nobody is asked.
	TLS *TLS
	// AdminPassword and OpsPassword are those of the users "admin" and "ops" of a secure node, as long as they have not
	// been changed from "changeit". A node that other machines can reach MUST NOT have a user with that one.
	AdminPassword, OpsPassword Password
	// NoSync acknowledges appends before they are durable. It exists to show that tests of durability can fail; a
	// node that keeps a ledger MUST NOT set it.
	NoSync bool
	// NoProjections leaves out the streams that EventStoreDB's standard projections make, $ce-<category>, $et-<type> and
	// the others of categories.go. By default they are there, other than in EventStoreDB, where projections have to be
	// switched on: they cost nothing here, and who asks for such a stream wants it.
	NoProjections bool
	// SegmentSize is the size past which the log goes on in a new file, 64 MiB when 0, at most 1 GiB.
	SegmentSize int64
	// Logger gets the few things worth telling; nothing is logged when it is nil.
	Logger *slog.Logger
	// Now is the clock that stamps events, time.Now when nil.
	Now func() time.Time

	// disk replaces the directory in tests.
	disk disk
}

const (
	defaultListen      = "127.0.0.1:0"
	defaultSegmentSize = 64 << 20
	// maxSegmentSize leaves room for the largest commit within the 32 bits in which an index counts.
	maxSegmentSize = 1 << 30
)

// withDefaults fills in what was left open and refuses what makes no sense.
func (o Options) withDefaults() (Options, error) {
	if o.disk == nil && (o.Dir == "") == !o.Memory {
		return o, errors.New("esdbnode: set either Dir or Memory")
	}
	if o.Listen == "" {
		o.Listen = defaultListen
	}
	if o.SegmentSize == 0 {
		o.SegmentSize = defaultSegmentSize
	}
	if o.SegmentSize < 0 || o.SegmentSize > maxSegmentSize {
		return o, fmt.Errorf("esdbnode: a segment of %d bytes is not possible", o.SegmentSize)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o, o.checkListen()
}

// checkListen refuses to expose a node that asks nobody who they are.
func (o Options) checkListen() error {
	err := checkLoopback(o.Listen)
	if o.TLS != nil && errors.Is(err, ErrNotLoopback) {
		return nil
	}
	return err
}

// checkLoopback refuses every address that another machine could reach. A name is not looked up, except the one name
// that has to mean loopback, because what it means can change.
func checkLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("esdbnode: listen address: %w", err)
	}
	ip := net.ParseIP(host)
	if host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%w: %q", ErrNotLoopback, address)
	}
	return nil
}

// openDisk opens what the log is kept on, and the settings that fit it.
func (o Options) openDisk() (disk, logOptions, error) {
	settings := logOptions{segmentSize: o.SegmentSize, zeros: min(zeroStep, o.SegmentSize), noSync: o.NoSync, indexFiles: true}
	switch {
	case o.disk != nil:
		settings.zeros = 64 << 10
		return o.disk, settings, nil
	case o.Memory:
		settings.zeros, settings.indexFiles = 0, false
		return newMemoryDisk(), settings, nil
	}
	d, err := openDisk(o.Dir)
	return d, settings, err
}

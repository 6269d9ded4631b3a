package esdbnode

import (
	"context"
	"errors"
	"sync"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"
)

// scavenges is the one compaction that clients have started, if any.
type scavenges struct {
	mu      sync.Mutex
	id      string // empty when none is running
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// What became of a scavenge, in the numbers of the protocol.
const (
	scavengeStarted    = 0
	scavengeInProgress = 1
	scavengeStopped    = 2
)

// startScavenge compacts the log in the background. Threads and where to start are the server's own business.
func (n *Node) startScavenge(context.Context, []byte) ([]byte, error) {
	s := &n.scavenges
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.id != "" {
		return encodeScavenge(s.id, scavengeInProgress), nil
	}
	if n.closing.Err() != nil {
		return nil, ErrClosed
	}
	ctx, cancel := context.WithCancel(n.closing)
	id := uuid.NewString()
	s.id, s.cancel = id, cancel
	s.running.Go(func() {
		defer cancel()
		if _, err := n.Compact(ctx); err != nil && !errors.Is(err, context.Canceled) {
			n.logger.Error("scavenging failed", "error", err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.id = ""
	})
	return encodeScavenge(id, scavengeStarted), nil
}

// stopScavenge stops the scavenge that is running. What it has done stays done.
func (n *Node) stopScavenge(_ context.Context, options []byte) ([]byte, error) {
	s := &n.scavenges
	s.mu.Lock()
	defer s.mu.Unlock()
	id := string(subfield(options, fieldScavengeID))
	if id == "" || id != s.id {
		return nil, &refusal{
			code: codes.NotFound, message: "Scavenge id was invalid.",
			trailers: []string{"exception", "scavenge-not-found", "scavenge-id", trailerName(id)},
		}
	}
	s.cancel()
	return encodeScavenge(id, scavengeStopped), nil
}

func encodeScavenge(id string, result uint64) []byte {
	b := protowire.AppendTag(nil, fieldScavengeID, protowire.BytesType)
	b = protowire.AppendString(b, id)
	return appendVarint(b, fieldScavengeResult, result)
}

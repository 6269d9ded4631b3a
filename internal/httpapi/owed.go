package httpapi

import (
	"slices"
	"sync"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/internal/wire"
)

// owed are the lines of a submission that failed: the ledger could not decide them, and they will be said again. Until
// then no line may be decided that has to come after one of them, or it would be refused, and stay so for ever,
// because a customer isn't there that the failed line adds. So such a line is owed as well.
type owed struct {
	mu   sync.Mutex
	keys map[string]bool
	all  bool
}

// owedMax bounds what is remembered; beyond it every line is owed.
const owedMax = 100_000

// notTried is the answer to a line that comes after one that failed.
func notTried(id domain.CommandID) wire.Answer {
	return wire.Answer{CommandID: string(id), Status: wire.Failed, Code: "not-tried",
		Message: "A line before this one failed, and this one may depend on it; send both again, in this order."}
}

// after tells whether a line that touches this comes after one that failed.
func (o *owed) after(keys []string, alone bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all || alone && len(o.keys) > 0 || slices.ContainsFunc(keys, func(key string) bool { return o.keys[key] })
}

// add notes a line that failed.
func (o *owed) add(keys []string, alone bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.all = o.all || alone || len(o.keys) >= owedMax; o.all {
		o.keys = nil
		return
	}
	if o.keys == nil {
		o.keys = map[string]bool{}
	}
	for _, key := range keys {
		o.keys[key] = true
	}
}

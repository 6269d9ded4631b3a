package audit

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"sync"
)

// powered is a disk in memory whose power can go. Then everything that wasn't synced is as good as a coin:
// a name may be there or not, a file may have all, some or none of what was written last, or rubbish.
type powered struct {
	mu     sync.Mutex
	random *rand.Rand
	names  map[string]*node // as seen
	kept   map[string]*node // as durable
	left   int              // operations until the power goes
	// lying answers to Sync as if it had been done.
	lying bool
}

type node struct {
	dir          bool
	data, synced []byte
}

var errPower = errors.New("the power is gone")

func newPowered(random *rand.Rand) *powered {
	return &powered{random: random, names: map[string]*node{}, kept: map[string]*node{}, left: 1 << 30}
}

// on gives the power back for so many operations.
func (p *powered) on(operations int) { p.left = operations }

// off takes the power, and with it what only a coin holds.
func (p *powered) off() {
	p.mu.Lock()
	defer p.mu.Unlock()
	after := map[string]*node{}
	for _, name := range p.everything() {
		n := p.kept[name]
		if p.names[name] != n && p.random.IntN(2) == 0 {
			n = p.names[name]
		}
		if n == nil || path.Dir(name) != "." && after[path.Dir(name)] == nil {
			continue
		}
		after[name] = n
	}
	for _, n := range after {
		if string(n.data) != string(n.synced) {
			n.data = p.leftOf(n)
		}
		n.synced = slices.Clone(n.data)
	}
	p.names = after
	p.kept = map[string]*node{}
	for name, n := range after {
		p.kept[name] = n
	}
}

// everything lists all names, folders before what is in them.
func (p *powered) everything() (all []string) {
	for name := range p.names {
		all = append(all, name)
	}
	for name := range p.kept {
		if p.names[name] == nil {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// leftOf is what a file holds afterwards. What was durable stays, unless it was written over.
func (p *powered) leftOf(n *node) []byte {
	stays := 0
	if len(n.data) >= len(n.synced) && string(n.data[:len(n.synced)]) == string(n.synced) {
		stays = len(n.synced)
	}
	switch p.random.IntN(4) {
	case 0:
		return slices.Clone(n.synced)
	case 1:
		return slices.Clone(n.data)
	case 2:
		return slices.Clone(n.data[:stays+p.random.IntN(len(n.data)-stays+1)])
	}
	rubbish := make([]byte, len(n.data))
	copy(rubbish, n.data[:stays])
	return rubbish
}

// spend is an operation; without power it fails.
func (p *powered) spend() error {
	if p.left--; p.left < 0 {
		return errPower
	}
	return nil
}

func (p *powered) ReadFile(name string) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.names[name]
	if n == nil || n.dir {
		return nil, fs.ErrNotExist
	}
	return slices.Clone(n.data), nil
}

func (p *powered) ReadTail(name string, most int) ([]byte, int64, error) {
	text, err := p.ReadFile(name)
	from := max(len(text)-most, 0)
	return text[from:], int64(from), err
}

func (p *powered) ReadDir(name string) (in []string, _ error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for one := range p.names {
		if path.Dir(one) == name {
			in = append(in, path.Base(one))
		}
	}
	return in, nil
}

func (p *powered) Create(name string) (file, error) { return p.make(name, true) }
func (p *powered) Append(name string) (file, error) { return p.make(name, false) }

func (p *powered) make(name string, empty bool) (file, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.spend(); err != nil {
		return nil, err
	}
	if d := path.Dir(name); d != "." && p.names[d] == nil {
		return nil, fs.ErrNotExist
	}
	if p.names[name] == nil || empty {
		p.names[name] = &node{}
	}
	return &handle{p, p.names[name]}, nil
}

func (p *powered) Truncate(name string, size int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.spend(); err != nil {
		return err
	}
	p.names[name].data = p.names[name].data[:size]
	return nil
}

func (p *powered) Rename(from, to string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.spend(); err != nil {
		return err
	}
	if p.names[from] == nil || path.Dir(to) != "." && p.names[path.Dir(to)] == nil {
		return fs.ErrNotExist
	}
	p.names[to] = p.names[from]
	delete(p.names, from)
	return nil
}

func (p *powered) Remove(name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.spend(); err != nil {
		return err
	}
	for one := range p.names {
		if one == name || strings.HasPrefix(one, name+"/") {
			delete(p.names, one)
		}
	}
	return nil
}

func (p *powered) Mkdir(name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.spend(); err != nil {
		return err
	}
	for ; name != "."; name = path.Dir(name) {
		if p.names[name] == nil {
			p.names[name] = &node{dir: true}
		}
	}
	return nil
}

func (p *powered) SyncDir(name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.spend(); err != nil || p.lying {
		return err
	}
	for _, one := range p.everything() {
		if path.Dir(one) != name {
			continue
		}
		if p.kept[one] = p.names[one]; p.kept[one] == nil {
			delete(p.kept, one)
		}
	}
	return nil
}

type handle struct {
	disk *powered
	node *node
}

func (h *handle) Write(data []byte) (int, error) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	if err := h.disk.spend(); err != nil {
		half := len(data) / 2
		h.node.data = append(h.node.data, data[:half]...)
		return half, err
	}
	h.node.data = append(h.node.data, data...)
	return len(data), nil
}

func (h *handle) Sync() error {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	if err := h.disk.spend(); err != nil || h.disk.lying {
		return err
	}
	h.node.synced = slices.Clone(h.node.data)
	return nil
}

func (h *handle) Close() error { return nil }

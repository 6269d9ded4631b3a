package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
)

const (
	keySize = 32
	// depth is that of the leaves: as many keys may be made as there are leaves.
	depth = 32
	// leafUse keeps what wraps a key apart from what could be the secret of a deeper node.
	leafUse = "wraps a data key"
)

// tree is the master key, from which single leaves can be cut for ever.
//
// Each stored key is wrapped under a leaf of its own of a binary tree of 2³² leaves. A node's secret gives
// those of its two children, one way (HMAC-SHA-256), so that at first one secret, the root's, gives all. To
// cut a leaf, the secrets on the way down to it are replaced by those of the nodes beside that way: all other
// leaves can still be reached, that one by nobody, and what is left doesn't lead back (a puncturable
// pseudorandom function after Goldreich, Goldwasser and Micali).
//
// So a wrapped key that somebody copied, into a backup say, is worthless together with every master key from
// after its leaf was cut; yet a backup of the key store stays good for everybody who wasn't forgotten, which
// re-wrapping all keys under a new master key wouldn't give, and no other key is touched: cutting costs some
// microseconds and at most 32 secrets, fewer with every further cut, whether there are ten subjects or a
// million.
type tree struct{ nodes map[node][]byte }

// node is the subtree of all leaves whose number begins with the lowest Depth bits of Prefix.
type node struct {
	Depth  uint8
	Prefix uint32
}

// above is the node at this depth on the way to the leaf.
func above(leaf uint32, at uint8) node { return node{at, leaf >> (depth - at)} }

func newTree(root []byte) *tree { return &tree{nodes: map[node][]byte{{}: root}} }

// child gives the secret of one of the two nodes below.
func child(secret []byte, bit uint32) []byte { return derived(secret, string([]byte{byte(bit)})) }

func derived(secret []byte, use string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(use))
	return mac.Sum(nil)
}

// over finds the node from which the leaf can be reached.
func (t *tree) over(leaf uint32) (node, bool) {
	for d := range uint8(depth + 1) {
		if _, ok := t.nodes[above(leaf, d)]; ok {
			return above(leaf, d), true
		}
	}
	return node{}, false
}

// leaf gives what wraps the key at the leaf, and false if the leaf was cut.
func (t *tree) leaf(number uint32) (tink.AEAD, bool) {
	from, ok := t.over(number)
	if !ok {
		return nil, false
	}
	secret := slices.Clone(t.nodes[from])
	for d := from.Depth; d < depth; d++ {
		next := child(secret, number>>(depth-1-d)&1)
		clear(secret)
		secret = next
	}
	key := derived(secret, leafUse)
	clear(secret)
	defer clear(key)
	aead, err := subtle.NewAESGCM(key)
	return aead, err == nil // it fails for other sizes alone
}

// cut makes the leaf unreachable, and tells whether it was reachable. The secrets are overwritten.
func (t *tree) cut(number uint32) bool {
	from, ok := t.over(number)
	if !ok {
		return false
	}
	secret := t.nodes[from]
	delete(t.nodes, from)
	for d := from.Depth; d < depth; d++ {
		bit := number >> (depth - 1 - d) & 1
		beside := above(number, d+1)
		beside.Prefix ^= 1
		t.nodes[beside] = child(secret, 1-bit)
		next := child(secret, bit)
		clear(secret)
		secret = next
	}
	clear(secret)
	return true
}

// destroy overwrites all secrets.
func (t *tree) destroy() {
	for _, secret := range t.nodes {
		clear(secret)
	}
	clear(t.nodes)
}

// treeForm is the first line of the stored form, which says what follows.
const treeForm = "partner ledger master key 2"

// errNotATree says nothing of what was found: it may be a key.
var errNotATree = errors.New("it doesn't hold a master key in a form that this program knows; put the right file back")

// encode gives the stored form: a line a node.
func (t *tree) encode() []byte {
	nodes := make([]node, 0, len(t.nodes))
	for n := range t.nodes {
		nodes = append(nodes, n)
	}
	slices.SortFunc(nodes, func(a, b node) int { return compare(a, b) })
	out := append(make([]byte, 0, len(nodes)*80+40), treeForm+"\n"...)
	for _, n := range nodes {
		out = fmt.Appendf(out, "%d %d ", n.Depth, n.Prefix)
		out = append(hex.AppendEncode(out, t.nodes[n]), '\n')
	}
	return out
}

func compare(a, b node) int {
	if a.Depth != b.Depth {
		return int(a.Depth) - int(b.Depth)
	}
	return int(int64(a.Prefix) - int64(b.Prefix))
}

// decodeTree reads the stored form. It is all or nothing: a master key with a part missing would take people
// for forgotten who aren't.
func decodeTree(text []byte) (*tree, error) {
	form, rest, _ := strings.Cut(string(text), "\n")
	if form != treeForm || !strings.HasSuffix(rest, "\n") {
		return nil, errNotATree
	}
	t := &tree{nodes: map[node][]byte{}}
	for line := range strings.Lines(rest) {
		parts := strings.Split(strings.TrimSuffix(line, "\n"), " ")
		if len(parts) != 3 {
			return nil, errNotATree
		}
		at, err1 := strconv.ParseUint(parts[0], 10, 8)
		prefix, err2 := strconv.ParseUint(parts[1], 10, 32)
		secret, err3 := hex.DecodeString(parts[2])
		n := node{uint8(at), uint32(prefix)}
		if err1 != nil || err2 != nil || err3 != nil || at > depth || len(secret) != keySize || at < depth && prefix>>at != 0 || t.nodes[n] != nil {
			return nil, errNotATree
		}
		t.nodes[n] = secret
	}
	return t, nil
}

package proof

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Tree is a Merkle tree as far as it takes to append to it: its size and the tiles at its right edge that
// aren't full. Appending is a pure function of the tree and the leaves; the zero value is the empty tree.
type Tree struct {
	size int64
	edge [][]byte // edge[level] are the hashes of the last tile, if that isn't full
}

// Size is the number of leaves.
func (t *Tree) Size() int64 { return t.size }

// Append adds a leaf by its hash, and hands over each tile that is full by it.
func (t *Tree) Append(leaf tlog.Hash, full func(tile tlog.Tile, hashes []byte)) {
	t.size++
	for level := 0; ; level++ {
		if level == len(t.edge) {
			t.edge = append(t.edge, nil)
		}
		if t.edge[level] == nil {
			t.edge[level] = make([]byte, 0, tileBytes)
		}
		hashes := append(t.edge[level], leaf[:]...)
		t.edge[level] = hashes
		if len(hashes) < tileBytes {
			return
		}
		t.edge[level] = nil
		full(Hashes(level, t.size>>(TileHeight*(level+1))-1, TileWidth), hashes)
		leaf = top(hashes)
	}
}

// top is the hash above a full tile.
func top(hashes []byte) tlog.Hash {
	var row [TileWidth]tlog.Hash
	for i := range row {
		copy(row[i][:], hashes[i*tlog.HashSize:])
	}
	for width := TileWidth / 2; width > 0; width /= 2 {
		for i := range width {
			row[i] = tlog.NodeHash(row[2*i], row[2*i+1])
		}
	}
	return row[0]
}

// Root is the hash of the tree as it is now.
func (t *Tree) Root() tlog.Hash {
	root, err := tlog.TreeHash(t.size, tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			tile := tlog.TileForIndex(TileHeight, index)
			var err error
			if hashes[i], err = tlog.HashFromTile(tile, t.edge[tile.L], index); err != nil {
				return nil, err
			}
		}
		return hashes, nil
	}))
	if err != nil {
		panic(fmt.Sprintf("the edge of a tree of %d leaves lacks a hash: %v", t.size, err)) // Append keeps every one that TreeHash asks for
	}
	return root
}

// Edge gives the tiles at the right edge that aren't full.
func (t *Tree) Edge(each func(tile tlog.Tile, hashes []byte)) {
	for level, hashes := range t.edge {
		if len(hashes) > 0 {
			full, _ := Span(level, t.size)
			each(Hashes(level, full, len(hashes)/tlog.HashSize), hashes)
		}
	}
}

// Clone is a copy that goes its own way.
func (t *Tree) Clone() *Tree {
	c := &Tree{size: t.size}
	for _, hashes := range t.edge {
		if hashes != nil {
			hashes = append(make([]byte, 0, tileBytes), hashes...)
		}
		c.edge = append(c.edge, hashes)
	}
	return c
}

// LoadTree is the tree of this size, from its tiles. Whether it is the right one, its root tells.
func LoadTree(size int64, fetch Fetch) (*Tree, error) {
	t := &Tree{size: size}
	for level := range Levels(size) {
		full, partial := Span(level, size)
		if partial == 0 {
			t.edge = append(t.edge, nil)
			continue
		}
		hashes, err := fetch.Tile(Hashes(level, full, partial))
		if err != nil {
			return nil, err
		}
		t.edge = append(t.edge, append(make([]byte, 0, tileBytes), hashes...))
	}
	return t, nil
}

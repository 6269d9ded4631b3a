package proof

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// The measures of C2SP tlog-tiles: a tile is 256 hashes wide and a bundle 256 entries.
const (
	TileHeight = 8
	TileWidth  = 1 << TileHeight
	tileBytes  = TileWidth * tlog.HashSize
)

// entriesLevel is the level under which package tlog files what isn't hashes.
const entriesLevel = -1

// Hashes is the tile at a level with this number and so many hashes.
func Hashes(level int, n int64, width int) tlog.Tile {
	return tlog.Tile{H: TileHeight, L: level, N: n, W: width}
}

// Entries is the bundle with this number and so many entries.
func Entries(n int64, width int) tlog.Tile { return Hashes(entriesLevel, n, width) }

// Path is where a tile or bundle stands below the log's folder or address: tile/0/x001/234.p/56.
func Path(t tlog.Tile) string {
	path := strings.TrimPrefix(t.Path(), "tile/8/")
	if rest, entries := strings.CutPrefix(path, "data/"); entries {
		path = "entries/" + rest
	}
	return "tile/" + path
}

// ParsePath reads such a path; it accepts exactly what Path writes, and so nothing that leads elsewhere.
func ParsePath(path string) (tlog.Tile, error) {
	rest, ok := strings.CutPrefix(path, "tile/")
	if inner, entries := strings.CutPrefix(rest, "entries/"); entries {
		rest = "data/" + inner
	}
	t, err := tlog.ParseTilePath("tile/8/" + rest)
	if !ok || err != nil || Path(t) != path || t.L > 63/TileHeight {
		return tlog.Tile{}, fmt.Errorf("%q is no path of a tile", path)
	}
	return t, nil
}

// Span is how many tiles or bundles there are at the level for a tree of this size, and how wide the last is.
func Span(level int, size int64) (full int64, partial int) {
	count := size >> (TileHeight * max(level, 0))
	return count / TileWidth, int(count % TileWidth)
}

// Levels is how many levels of hash tiles a tree of this size has.
func Levels(size int64) (n int) {
	for ; size>>(TileHeight*n) > 0; n++ {
	}
	return n
}

// Files are all tiles and bundles of a tree of this size, as an exported log holds them: no partial one
// but those at the end.
func Files(size int64) (all []tlog.Tile) {
	for level := entriesLevel; level < Levels(size); level++ {
		full, partial := Span(level, size)
		for n := range full {
			all = append(all, Hashes(level, n, TileWidth))
		}
		if partial > 0 {
			all = append(all, Hashes(level, full, partial))
		}
	}
	return all
}

// ErrEntries says that a bundle of entries isn't one.
var ErrEntries = errors.New("not a bundle of entries")

// AppendEntry adds an entry to a bundle.
func AppendEntry(bundle, entry []byte) []byte {
	return append(append(bundle, byte(len(entry)>>8), byte(len(entry))), entry...)
}

// SplitEntries gives the entries of a bundle.
func SplitEntries(bundle []byte) ([][]byte, error) {
	var entries [][]byte
	for len(bundle) > 0 {
		if len(bundle) < 2 || len(bundle)-2 < int(bundle[0])<<8+int(bundle[1]) {
			return nil, fmt.Errorf("%w: entry %d is cut off", ErrEntries, len(entries))
		}
		n := int(bundle[0])<<8 + int(bundle[1])
		entries = append(entries, bundle[2:2+n:2+n])
		bundle = bundle[2+n:]
	}
	if len(entries) > TileWidth {
		return nil, fmt.Errorf("%w: it holds %d", ErrEntries, len(entries))
	}
	return entries, nil
}

// Fetch gives what stands at a path of a log; what isn't there is fs.ErrNotExist.
type Fetch func(path string) ([]byte, error)

// Tile fetches a tile. A partial one may have made way for the full one, which begins with the same hashes.
func (f Fetch) Tile(t tlog.Tile) ([]byte, error) {
	data, err := f(Path(t))
	if t.W < TileWidth && errors.Is(err, fs.ErrNotExist) {
		data, err = f(Path(Hashes(t.L, t.N, TileWidth)))
	}
	if err != nil {
		return nil, err
	}
	if len(data) < t.W*tlog.HashSize || len(data) > tileBytes {
		return nil, fmt.Errorf("tile %s has %d bytes", Path(t), len(data))
	}
	return data[:t.W*tlog.HashSize], nil
}

// Bundle fetches a bundle of entries of just this width, cut out of the full one if it made way for that.
func (f Fetch) Bundle(t tlog.Tile) ([]byte, error) {
	data, err := f(Path(t))
	if t.W < TileWidth && errors.Is(err, fs.ErrNotExist) {
		data, err = f(Path(Entries(t.N, TileWidth)))
	}
	if err != nil {
		return nil, err
	}
	entries, err := SplitEntries(data)
	if err != nil || len(entries) < t.W {
		return nil, fmt.Errorf("%s: %w", Path(t), errors.Join(ErrEntries, err))
	}
	end := 0
	for _, entry := range entries[:t.W] {
		end += 2 + len(entry)
	}
	return data[:end], nil
}

// Entry fetches the entry with this index of a log of this size, whose leaf hash is to be checked still.
func (f Fetch) Entry(index, size int64) ([]byte, error) {
	n := index / TileWidth
	width := int(min(size-n*TileWidth, TileWidth))
	if index < 0 || width <= int(index%TileWidth) {
		return nil, fmt.Errorf("entry %d isn't one of %d", index, size)
	}
	data, err := f.Bundle(Entries(n, width))
	if err != nil {
		return nil, err
	}
	entries, err := SplitEntries(data)
	if err != nil {
		return nil, err
	}
	return entries[index%TileWidth], nil
}

// Hashes reads hashes of this tree. Whatever it gives is proven to be in the tree.
func (f Fetch) Hashes(size int64, root tlog.Hash) tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, tiles{f})
}

type tiles struct{ fetch Fetch }

// Height is that of C2SP.
func (tiles) Height() int { return TileHeight }

// ReadTiles fetches them one by one.
func (r tiles) ReadTiles(all []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(all))
	for i, t := range all {
		var err error
		if data[i], err = r.fetch.Tile(t); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// SaveTiles keeps nothing.
func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// number reads a count as every form here writes it: decimal, without leading zeroes.
func number(text string) (int64, error) {
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil || strconv.FormatUint(n, 10) != text || n > math.MaxInt64 {
		return 0, fmt.Errorf("%q is no count", text)
	}
	return int64(n), nil
}

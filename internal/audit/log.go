package audit

import (
	"encoding/base64"
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

// ErrLocked says that another process writes to the log.
var ErrLocked = errors.New("another notary writes to this proof log")

// ErrForeign says that the log was signed with keys that aren't on the ring.
var ErrForeign = errors.New("the proof log was signed with another key; put that key's file back, or begin a new log in another folder")

// checkpointFile is the newest checkpoint, as C2SP tlog-tiles wants it.
const checkpointFile = "checkpoint"

// Log is the proof log's files: tiles, bundles of entries, and the record of what was signed.
//
// A checkpoint MUST NOT be signed before everything under it is durable, nor if it doesn't extend the one
// signed last; it MUST NOT leave this process before the record of it is durable. Beyond the tree that was
// signed last nothing counts: a writer that died there is repeated, file by file, with the same bytes. There
// is one writer, held by a lock. After an error a Log is of no use; open it again.
type Log struct {
	disk disk
	keys *KeyRing
	lock interface{ Close() error }
	now  func() time.Time

	tree   *proof.Tree
	bundle []byte // entries of the last bundle, as far as it isn't full
	last   []byte // the last leaf
	out    *writes

	mu       sync.Mutex // over what is signed and cosigned
	signed   proof.Signed
	cosigned []string // lines under the newest checkpoint
}

// Size is how many leaves the tree has, signed or not.
func (l *Log) Size() int64 { return l.tree.Size() }

// Signed is the checkpoint signed last; its note is empty if there is none.
func (l *Log) Signed() proof.Signed {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.signed
}

// Last is the last leaf; none in an empty log.
func (l *Log) Last() []byte { return l.last }

// Add adds a leaf. It is in no file before Flush or Sign.
func (l *Log) Add(leaf []byte) {
	l.bundle, l.last = proof.AppendEntry(l.bundle, leaf), leaf
	l.tree.Append(tlog.RecordHash(leaf), func(tile tlog.Tile, hashes []byte) {
		if tile.L == 0 {
			l.out.put(proof.Path(proof.Entries(tile.N, proof.TileWidth)), l.bundle)
			l.bundle = nil
		}
		l.out.put(proof.Path(tile), hashes)
	})
}

// FlushMax is how many leaves may be added between two calls of Flush or Sign.
const FlushMax = 10_000

// Flush makes full tiles and bundles durable.
func (l *Log) Flush() error { return l.out.commit() }

// Sign makes everything durable, signs the tree as it is now, records that, and shows it.
func (l *Log) Sign() (proof.Signed, error) {
	c, err := l.settle()
	if err != nil {
		return proof.Signed{}, err
	}
	if err := l.extends(c); err != nil {
		return proof.Signed{}, err
	}
	signed, err := l.keys.sign(c.Text())
	if err != nil {
		return proof.Signed{}, err
	}
	if err := appendRecord(l.disk, checkpointsFile, Kept{Size: c.Size, At: l.now().UTC(), Note: string(signed)}); err != nil {
		return proof.Signed{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.signed.Size
	l.signed, l.cosigned = proof.Signed{Checkpoint: c, Note: signed}, nil
	if err := l.show(); err != nil {
		return proof.Signed{}, err
	}
	return l.signed, l.tidy(before)
}

// settle makes everything durable, also the tiles at the edge, which a checkpoint of this size needs.
func (l *Log) settle() (proof.Checkpoint, error) {
	if full, partial := proof.Span(-1, l.tree.Size()); partial > 0 {
		l.out.put(proof.Path(proof.Entries(full, partial)), l.bundle)
	}
	l.tree.Edge(func(tile tlog.Tile, hashes []byte) { l.out.put(proof.Path(tile), hashes) })
	return proof.Checkpoint{Origin: l.keys.Origin(), Size: l.tree.Size(), Root: l.tree.Root()}, l.out.commit()
}

// extends proves, from what stands in the files, that the tree begins with the one signed last.
func (l *Log) extends(c proof.Checkpoint) error {
	if c.Size < l.signed.Size {
		return fmt.Errorf("%w: %d leaves after %d were signed", ErrDamaged, c.Size, l.signed.Size)
	}
	hashes, err := proof.ProveConsistency(l.signed.Size, c.Size, proof.Fetch(l.disk.ReadFile).Hashes(c.Size, c.Root))
	if err == nil {
		err = proof.Consistency{Old: l.signed.Size, Hashes: hashes}.Check(l.signed.Checkpoint, c)
	}
	if err != nil && l.signed.Size > 0 {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

// Cosign records a line that a witness put under the checkpoint of this size.
func (l *Log) Cosign(size int64, line string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := appendRecord(l.disk, cosignaturesFile, Cosignature{Size: size, At: l.now().UTC(), Line: line}); err != nil {
		return err
	}
	if size != l.signed.Size {
		return nil
	}
	l.cosigned = newestLines(append(l.cosigned, line))
	return l.show()
}

// linesUnder are the lines of witnesses under the checkpoint of this size.
func (l *Log) linesUnder(size int64) (lines []string, err error) {
	all, err := readTail[Cosignature](l.disk, cosignaturesFile)
	for _, c := range all {
		if c.Size == size {
			lines = append(lines, c.Line)
		}
	}
	return newestLines(lines), err
}

// newestLines keeps the last line of each witness's key: the time in it is the newest.
func newestLines(lines []string) (kept []string) {
	seen := map[string]bool{}
	for i := len(lines) - 1; i >= 0; i-- {
		if by := signerOf(lines[i]); !seen[by] {
			seen[by] = true
			kept = append([]string{lines[i]}, kept...)
		}
	}
	return kept
}

// signerOf is the name and the key id at the head of a signature line; "" if it isn't one.
func signerOf(line string) string {
	name, encoded, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(line, "— "), "\n"), " ")
	signature, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(signature) < 4 {
		return ""
	}
	return fmt.Sprintf("%s+%08x", name, signature[:4])
}

// show puts the newest checkpoint where everybody finds it.
func (l *Log) show() error {
	w := newWrites(l.disk, checkpointFile)
	w.put(checkpointFile, proof.With(l.signed.Note, l.cosigned...))
	return w.commit()
}

// tidy removes partial tiles that have full ones now: those of the checkpoint before. It does so durably,
// because nobody looks for them again after the next checkpoint.
func (l *Log) tidy(before int64) error {
	for level := -1; level < proof.Levels(before); level++ {
		was, partial := proof.Span(level, before)
		if is, _ := proof.Span(level, l.tree.Size()); partial == 0 || is == was {
			continue
		}
		old := partials(level, was)
		if err := errors.Join(l.disk.Remove(old), l.disk.SyncDir(path.Dir(old))); err != nil {
			return fmt.Errorf("proof log: %w", err)
		}
	}
	return nil
}

// partials is the folder of the partial tiles with this number.
func partials(level int, n int64) string {
	return proof.Path(proof.Hashes(level, n, proof.TileWidth)) + ".p"
}

// Close gives the log up to the next writer.
func (l *Log) Close() error {
	if l.lock == nil {
		return nil
	}
	return l.lock.Close()
}

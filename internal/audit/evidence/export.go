package evidence

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

// eventsEach is how many events a file of an exported log holds.
const eventsEach = 10_000

// eventsPath is the file with the events from this number on.
func eventsPath(first int64) string { return fmt.Sprintf("events/%012d.jsonl", first) }

// Export writes the whole log as it is at the newest checkpoint into a new folder: every tile, every entry
// and the stored bytes of every event. each is told how far it is.
func Export(ctx context.Context, ledger Get, dir string, since []byte, each func(done, of int64)) (proof.Checkpoint, error) {
	if err := os.Mkdir(dir, 0o750); err != nil {
		return proof.Checkpoint{}, fmt.Errorf("export: %w", err)
	}
	note, c, err := ledger.checkpoint(ctx, 1)
	if err != nil {
		return c, err
	}
	b := Bundle{checkpointFile: note}
	if _, err := b.consistent(since, c, ledger.tiles(ctx)); err != nil {
		return c, err
	}
	w := &exporting{dir: dir, list: manifest{}}
	if err := w.file(checkpointFile, note); err != nil {
		return c, err
	}
	fetch := proof.Fetch(func(path string) ([]byte, error) { return ledger.text(ctx, proofsPath+path, nil) })
	for _, t := range proof.Files(c.Size) {
		read := fetch.Tile
		if t.L < 0 {
			read = fetch.Bundle
		}
		text, err := read(t)
		if err == nil {
			err = w.file(proof.Path(t), text)
		}
		if err != nil {
			return c, err
		}
	}
	for first := int64(0); first < c.Size; first += eventsEach {
		if err := w.events(ctx, ledger, first, min(eventsEach, c.Size-first)); err != nil {
			return c, err
		}
		each(min(first+eventsEach, c.Size), c.Size)
	}
	return c, os.WriteFile(filepath.Join(dir, manifestFile), w.list.bytes(), 0o640)
}

type exporting struct {
	dir  string
	list manifest
}

func (w *exporting) file(name string, content []byte) error {
	w.list.add(name, content)
	path := filepath.Join(w.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return os.WriteFile(path, content, 0o640)
}

// events writes a file of events as they come.
func (w *exporting) events(ctx context.Context, ledger Get, first, count int64) (err error) {
	name := eventsPath(first)
	path := filepath.Join(w.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(f, sum), 256<<10)
	got := int64(0)
	query := url.Values{"from": {strconv.FormatInt(first, 10)}, "limit": {strconv.FormatInt(count, 10)}}
	err = ledger.events(ctx, query, func(e proof.Event) error {
		line, err := e.Line()
		if err == nil {
			_, err = out.Write(line)
		}
		got++
		return err
	})
	if err == nil && got != count {
		err = fmt.Errorf("the ledger gave %d events from %d on where %d were asked for", got, first, count)
	}
	if err == nil {
		err = out.Flush()
	}
	w.list[name] = [sha256.Size]byte(sum.Sum(nil))
	return err
}

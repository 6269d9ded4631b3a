package esdbnode

import (
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
)

// indexStore keeps the sealed parts of the index in files. What it fails to write or to read is made again from the log
// at the next start; so no failure of it is one of the node.
type indexStore struct {
	disk   disk
	logger *slog.Logger

	// found are the parts that were on disk and are whole, by the position of their segment.
	found map[uint64]*part
	// names is how many names there are in them.
	names int
	// saving are the files being written, slots how many at most; the next segment to be sealed waits.
	saving sync.WaitGroup
	slots  chan struct{}
}

// unsavedParts bounds how many parts wait to be written.
const unsavedParts = 4

// openIndexStore reads and checks every index file on the disk.
func openIndexStore(d disk, logger *slog.Logger) (*indexStore, error) {
	s := &indexStore{disk: d, logger: logger, found: make(map[uint64]*part), slots: make(chan struct{}, unsavedParts)}
	names, err := d.list()
	if err != nil {
		return nil, fmt.Errorf("list the log's directory: %w", err)
	}
	var mu sync.Mutex
	var group sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for _, name := range names {
		if !strings.HasSuffix(name, indexSuffix) {
			continue
		}
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			p, err := s.read(name)
			if err != nil {
				logger.Warn("an index file is of no use and made again", "file", name, "reason", err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			s.found[p.header.base] = p
			s.names += int(p.header.names)
		})
	}
	group.Wait()
	return s, nil
}

// mapper is a file that can be read where it lies.
type mapper interface {
	// mapped returns the file's bytes, and what gives them free.
	mapped() ([]byte, func(), error)
}

// read checks one file. The mapping of a file ends with the part that uses it, not earlier: a reader may hold a part for
// as long as it likes.
func (s *indexStore) read(name string) (*part, error) {
	f, err := s.disk.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, ok := f.(mapper)
	if !ok {
		return readPart(f, name)
	}
	data, unmap, err := m.mapped()
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", name, err)
	}
	p, err := parsePart(data)
	if err != nil || indexName(p.header.base) != name {
		unmap()
		return nil, errIndexFile
	}
	runtime.AddCleanup(p, func(free func()) { free() }, unmap)
	return p, nil
}

func readPart(f file, name string) (*part, error) {
	size, err := f.size()
	if err != nil {
		return nil, err
	}
	data := make([]byte, size)
	if _, err := f.ReadAt(data, 0); err != nil {
		return nil, err
	}
	p, err := parsePart(data)
	if err != nil || indexName(p.header.base) != name {
		return nil, errIndexFile
	}
	return p, nil
}

// save writes a part in the background and tells the index where it is then.
func (s *indexStore) save(p *part, saved func(*part)) {
	s.slots <- struct{}{}
	s.saving.Go(func() {
		defer func() { <-s.slots }()
		name := indexName(p.header.base)
		err := s.write(name, p.memory)
		if err == nil {
			var written *part
			if written, err = s.read(name); err == nil {
				saved(written)
			}
		}
		if err != nil {
			s.logger.Warn("an index file could not be written", "file", name, "reason", err)
		}
	})
}

// write makes a file that is either there and whole or not there.
func (s *indexStore) write(name string, data []byte) error {
	f, err := s.disk.create(name + temporarySuffix)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteAt(data, 0); err != nil {
		return err
	}
	if err := f.sync(); err != nil {
		return err
	}
	if err := s.disk.rename(name+temporarySuffix, name); err != nil {
		return err
	}
	return s.disk.syncDir()
}

// close waits for what is being written.
func (s *indexStore) close() { s.saving.Wait() }

package esdbnode

import (
	"bytes"
	"log/slog"
)

// verifyIndex compares the index file of a full segment with the index that its events have just given. A file that is
// missing or broken is made again by the next start; one that is whole and says something else would be believed, and is
// damage.
func (v *verifier) verifyIndex(s *segment) error {
	made, err := v.index.sealed(s.end())
	if err != nil {
		return s.damaged(0, err.Error())
	}
	name := indexName(s.base)
	store := &indexStore{disk: v.disk, logger: slog.New(slog.DiscardHandler)}
	found, err := store.read(name)
	if err != nil {
		v.report.Unindexed++
		return nil
	}
	if !bytes.Equal(found.memory, made.memory) {
		return &CorruptError{Segment: name, Reason: "the index does not say what the segment says; without the file it is made again"}
	}
	// The file takes the place of the same bytes in memory, so that a log of any size can be verified.
	v.index.replace(found)
	return nil
}

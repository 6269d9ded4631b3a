package audit

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/go-json-experiment/json"
)

// The two records, in which a line once written never changes: what the log signed, and which witnesses
// cosigned it.
const (
	checkpointsFile  = "checkpoints.jsonl"
	cosignaturesFile = "cosignatures.jsonl"
)

// Kept is a checkpoint that was signed, as the record keeps it.
type Kept struct {
	Size int64     `json:"size"`
	At   time.Time `json:"at"`
	Note string    `json:"note"`
}

// Cosignature is a line that a witness put under a checkpoint of this size.
type Cosignature struct {
	Size int64     `json:"size"`
	At   time.Time `json:"at"`
	Line string    `json:"line"`
}

// ErrDamaged says that the files of the proof log aren't what the notary wrote.
var ErrDamaged = errors.New("the proof log is damaged; restore its folder from a copy, or have it made anew from the events with: ledgerd proofs rebuild")

// tailMax is how much of a record is read at the start: its last lines, however long it has become.
const tailMax = 1 << 20

// readTail gives the last lines of a record. A line at the end that isn't whole was never acknowledged to
// anybody: it is cut off. One before the end that can't be read is damage.
func readTail[T any](d disk, name string) ([]T, error) {
	text, from, err := d.ReadTail(name, tailMax)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("proof log: %w", err)
	}
	start := 0
	if from > 0 { // in the middle of a line
		start = bytes.IndexByte(text, '\n') + 1
	}
	all, read, ok := parseRecord[T](text[start:])
	if ok {
		return all, nil
	}
	if wholeLines(text[start+read:]) {
		return nil, fmt.Errorf("%w (%s, after byte %d)", ErrDamaged, name, from+int64(start+read))
	}
	if err := d.Truncate(name, from+int64(start+read)); err != nil {
		return nil, fmt.Errorf("proof log: cut off what was never finished: %w", err)
	}
	return all, nil
}

// parseRecord reads lines until one that it can't; ok says that there was none.
func parseRecord[T any](text []byte) (all []T, read int, ok bool) {
	for read < len(text) {
		end := bytes.IndexByte(text[read:], '\n') + 1
		var line T
		if end == 0 || json.Unmarshal(text[read:read+end], &line, json.RejectUnknownMembers(true)) != nil {
			return all, read, false
		}
		all, read = append(all, line), read+end
	}
	return all, read, true
}

// wholeLines tells whether any line of the text can be read.
func wholeLines(text []byte) bool {
	for line := range bytes.Lines(text) {
		var any map[string]any
		if bytes.HasSuffix(line, []byte("\n")) && json.Unmarshal(line, &any) == nil {
			return true
		}
	}
	return false
}

// appendRecord adds lines to a record, durably.
func appendRecord(d disk, name string, lines ...any) error {
	var text []byte
	for _, line := range lines {
		one, err := json.Marshal(line)
		if err != nil {
			return fmt.Errorf("proof log: %w", err)
		}
		text = append(append(text, one...), '\n')
	}
	f, err := d.Append(name)
	if err != nil {
		return fmt.Errorf("proof log: %w", err)
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = d.SyncDir(".")
	}
	if err != nil {
		return fmt.Errorf("proof log: %s: %w", name, err)
	}
	return nil
}

package audit

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// keysFile records every key that the log ever had.
const keysFile = "keys.jsonl"

// Said is a statement of the log about its keys: a note signed with all of them, so that whoever trusts one
// of them learns of the others.
type Said struct {
	At   time.Time `json:"at"`
	Note string    `json:"note"`
}

// Declare records the keys of the ring in the log's folder, where auditors find them.
func (r *KeyRing) Declare(dir string, now time.Time) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("keys of the proof log: %w", err)
	}
	text := fmt.Sprintf("%s/keys@v1\n%s\n%s\n", r.Origin(), now.UTC().Format(time.RFC3339), strings.Join(r.VerifierKeys(), "\n"))
	signed, err := r.sign(text)
	if err != nil {
		return err
	}
	return appendRecord(folder(dir), keysFile, Said{At: now.UTC(), Note: string(signed)})
}

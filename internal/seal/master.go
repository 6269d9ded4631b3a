package seal

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/subtle/random"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// ErrMasterMissing says that there are keys but not the master key that opens them. A new one would open
// nothing and hide the loss, so none is made: put the file back.
var ErrMasterMissing = errors.New("keys.db is there but master.key is missing; restore it, a new one would open nothing")

const draftSuffix = ".new"

// openMaster reads the master key. It makes one only where there is no database yet.
func openMaster(path, database string) (tink.AEAD, error) {
	// What a crash while making the key left behind: a second copy of it, or a part.
	if err := os.Remove(path + draftSuffix); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("master key: %w", err)
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		if _, err := os.Stat(database); !errors.Is(err, os.ErrNotExist) {
			return nil, errors.Join(ErrMasterMissing, err)
		}
		if err := createMaster(path); err != nil {
			return nil, fmt.Errorf("make the master key: %w", err)
		}
	}
	return readMaster(path)
}

func readMaster(path string) (tink.AEAD, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("master key: %s can be read by others (mode %04o); allow its owner alone (0600)", masterName, info.Mode().Perm())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	defer clear(text)
	raw := make([]byte, hex.DecodedLen(len(text)))
	defer clear(raw)
	// The decoder's error would quote a byte of the key.
	if n, err := hex.Decode(raw, text); err != nil || n != keySize {
		return nil, fmt.Errorf("master key: %s does not hold %d bytes in hexadecimal", masterName, keySize)
	}
	return subtle.NewAESGCM(raw)
}

// createMaster writes a new key. It gets its name only once it is complete and durable, and never takes
// the name from another file: not from one that a second process has made meanwhile either.
func createMaster(path string) error {
	draft := path + draftSuffix
	raw := random.GetRandomBytes(keySize)
	defer clear(raw)
	if err := writeDurably(draft, hex.AppendEncode(nil, raw)); err != nil {
		return err
	}
	if err := os.Link(draft, path); err != nil {
		return errors.Join(err, os.Remove(draft))
	}
	if err := os.Remove(draft); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func writeDurably(path string, content []byte) error {
	defer clear(content)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // which has no such thing
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

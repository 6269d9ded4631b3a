package seal

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
)

// Vault keeps the master key, apart from the keys that it wraps: a file, or whatever keeps secrets for a
// company (see Wrapped for a KMS that wraps and unwraps).
//
// Replace MUST make the secret durable and MUST then destroy the one before, in every place from which the
// vault itself could give it again: a vault that can be asked for an older version undoes every erasure. Copies
// that others made of it, backups above all, are theirs to destroy. A Vault is safe for concurrent use, by
// several processes where they share a key store.
type Vault interface {
	// Load gives the secret and what it is known by, and nil where there never was one.
	Load() (secret []byte, version string, err error)
	// Replace keeps a secret in place of the one of this version, "" where there is none. It returns
	// ErrVaultChanged if there is another by now.
	Replace(version string, secret []byte) (newer string, err error)
}

// ErrVaultChanged says that another process has replaced the master key meanwhile.
var ErrVaultChanged = errors.New("another process has changed the master key meanwhile")

const draftSuffix = ".new"

// FileVault keeps the master key in a file that its owner alone can read. The file before it is overwritten
// before it goes, as far as the file system lets anybody overwrite.
func FileVault(path string) Vault { return &fileVault{path: path} }

type fileVault struct {
	path string
	mu   sync.Mutex
}

// Load reads the file.
func (v *fileVault) Load() ([]byte, string, error) {
	name := filepath.Base(v.path)
	info, err := os.Stat(v.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("master key: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, "", fmt.Errorf("master key: %s can be read by others (mode %04o); allow its owner alone (0600)", name, info.Mode().Perm())
	}
	text, err := os.ReadFile(v.path)
	if err != nil {
		return nil, "", fmt.Errorf("master key: %w", err)
	}
	return text, fingerprint(text), nil
}

func fingerprint(secret []byte) string {
	sum := sha256.Sum256(secret)
	return hex.EncodeToString(sum[:])
}

// Replace writes the file anew. It gets its name only once it is complete and durable. Processes that share
// the file MUST share a key store too, whose lock they hold while they replace it.
func (v *fileVault) Replace(version string, secret []byte) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	before, now, err := v.Load()
	if err != nil {
		return "", err
	}
	defer clear(before)
	if now != version {
		return "", ErrVaultChanged
	}
	// What a crash while writing left behind: a copy of a master key, or a part.
	if err := overwrite(v.path + draftSuffix); err != nil {
		return "", fmt.Errorf("master key: %w", err)
	}
	if err := writeDurably(v.path+draftSuffix, secret); err != nil {
		return "", fmt.Errorf("keep the master key: %w", err)
	}
	if err := v.install(len(before)); err != nil {
		return "", fmt.Errorf("keep the master key: %w", err)
	}
	return fingerprint(secret), nil
}

// install gives the draft its name and overwrites what had it.
func (v *fileVault) install(size int) error {
	old, err := os.OpenFile(v.path, os.O_WRONLY, 0)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Rename(v.path+draftSuffix, v.path); err != nil {
		if old != nil {
			err = errors.Join(err, old.Close())
		}
		return err
	}
	err = syncDir(filepath.Dir(v.path))
	if old == nil {
		return err
	}
	_, zeros := old.WriteAt(make([]byte, size), 0)
	return errors.Join(err, zeros, old.Sync(), old.Close())
}

// overwrite destroys a file, if there is one.
func overwrite(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteAt(make([]byte, info.Size()), 0)
	return errors.Join(err, file.Sync(), file.Close(), os.Remove(path))
}

func writeDurably(path string, content []byte) error {
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

// memoryVault keeps the master key as long as the process lives, for tests.
type memoryVault struct {
	mu     sync.Mutex
	secret []byte
}

func (v *memoryVault) Load() ([]byte, string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.secret == nil {
		return nil, "", nil
	}
	return append([]byte(nil), v.secret...), fingerprint(v.secret), nil
}

func (v *memoryVault) Replace(version string, secret []byte) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.secret != nil && fingerprint(v.secret) != version || v.secret == nil && version != "" {
		return "", ErrVaultChanged
	}
	clear(v.secret)
	v.secret = append([]byte(nil), secret...)
	return fingerprint(secret), nil
}

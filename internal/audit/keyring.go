package audit

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

// KeyRing holds the keys with which the notary signs: one, and after each rotation one more. Whoever
// trusts any of them can check every checkpoint signed since that one was made.
//
// Its file is the owner's alone. A key MUST NOT be made by accident: with a new one in place of one that
// merely couldn't be read, nothing that was signed before could be carried on.
type KeyRing struct {
	path string
	keys []signingKey
}

type signingKey struct {
	note.Signer
	secret, public string
}

// ErrNoKey says that no key was made yet.
var ErrNoKey = errors.New("there is no key for the proof log")

// ErrKeyExists says that a key is there already.
var ErrKeyExists = errors.New("there is a key for the proof log already; add another with: ledgerd keys rotate")

// OpenKeys reads the keys. It returns ErrNoKey only if there is no such file.
func OpenKeys(path string) (*KeyRing, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w (%s)", ErrNoKey, filepath.Base(path))
	}
	if err != nil {
		return nil, fmt.Errorf("keys of the proof log: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("keys of the proof log: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("keys of the proof log: %s can be read by others (mode %04o); allow its owner alone (0600)", filepath.Base(path), info.Mode().Perm())
	}
	r := &KeyRing{path: path}
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		key, err := parseKey(line)
		if err == nil && i > 0 && key.Name() != r.Origin() {
			err = fmt.Errorf("it is of %s and not of %s", key.Name(), r.Origin())
		}
		if err != nil { // the line itself must not be shown
			return nil, fmt.Errorf("keys of the proof log: line %d of %s: %w", i+1, filepath.Base(path), err)
		}
		r.keys = append(r.keys, key)
	}
	return r, nil
}

func parseKey(secret string) (signingKey, error) {
	signer, err := note.NewSigner(secret)
	if err != nil {
		return signingKey{}, errors.New("not a signing key")
	}
	raw, err := base64.StdEncoding.DecodeString(strings.SplitN(secret, "+", 5)[4])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return signingKey{}, errors.New("not a signing key of Ed25519")
	}
	public, err := note.NewEd25519VerifierKey(signer.Name(), ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey))
	return signingKey{Signer: signer, secret: secret, public: public}, err
}

// CreateKeys makes the first key of a log with this origin, and refuses where there is any.
func CreateKeys(path, origin string) (*KeyRing, error) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(ErrKeyExists, err)
	}
	if !validOrigin(origin) {
		return nil, fmt.Errorf("the origin %q of a proof log must be a name like ledger.example.org/partners, without spaces and plus signs", origin)
	}
	return (&KeyRing{path: path}).add(origin)
}

// validOrigin wants an address without its scheme, as C2SP does.
func validOrigin(origin string) bool {
	return origin != "" && len(origin) <= 200 && !strings.Contains(origin, "//") && strings.Trim(origin, "/") == origin &&
		strings.IndexFunc(origin, func(r rune) bool { return r <= ' ' || r > '~' || r == '+' || r == '\\' }) < 0
}

// Rotate adds a key: the notary signs with all of them from its next start on.
func (r *KeyRing) Rotate() (*KeyRing, error) { return r.add(r.Origin()) }

func (r *KeyRing) add(origin string) (*KeyRing, error) {
	secret, _, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, fmt.Errorf("make a key for the proof log: %w", err)
	}
	key, err := parseKey(secret)
	if err != nil {
		return nil, fmt.Errorf("the origin %q of a proof log can't be one: %w", origin, err)
	}
	added := &KeyRing{path: r.path, keys: append(r.keys[:len(r.keys):len(r.keys)], key)}
	return added, added.write()
}

// write puts the file in its place whole, and durably.
func (r *KeyRing) write() error {
	var text strings.Builder
	for _, k := range r.keys {
		text.WriteString(k.secret + "\n")
	}
	draft := r.path + ".new"
	f, err := os.OpenFile(draft, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("keys of the proof log: %w", err)
	}
	_, err = f.WriteString(text.String())
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(draft, r.path)
	}
	if err == nil {
		err = folder(filepath.Dir(r.path)).SyncDir(".")
	}
	if err != nil {
		return fmt.Errorf("keys of the proof log: %w", err)
	}
	return nil
}

// Origin is the name of the log.
func (r *KeyRing) Origin() string { return r.keys[0].Name() }

// VerifierKeys are the public halves, the oldest first: what auditors are given.
func (r *KeyRing) VerifierKeys() []string {
	var all []string
	for _, k := range r.keys {
		all = append(all, k.public)
	}
	return all
}

// trust accepts a checkpoint that any of the keys signed.
func (r *KeyRing) trust() (t proof.Trust, err error) {
	for _, vkey := range r.VerifierKeys() {
		v, err := proof.LogKey(vkey)
		if err != nil {
			return t, err
		}
		t.Log = append(t.Log, v)
	}
	return t, nil
}

// sign gives the text as a note that every key signed.
func (r *KeyRing) sign(text string) ([]byte, error) {
	var signers []note.Signer
	for _, k := range r.keys {
		signers = append(signers, k)
	}
	signed, err := note.Sign(&note.Note{Text: text}, signers...)
	if err != nil {
		return nil, fmt.Errorf("proof log: sign: %w", err)
	}
	return proof.With(signed), nil
}

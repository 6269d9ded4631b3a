package proof

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// The types of verifier keys: of logs, and of witnesses that say when they cosigned.
const (
	algLog     = 0x01
	algWitness = 0x04
)

// ErrKey says that a text isn't a verifier key of the kind that is wanted.
var ErrKey = errors.New("not a verifier key, NAME+HASH+KEY")

// LogKey reads the verifier key of a log.
func LogKey(vkey string) (note.Verifier, error) {
	if alg, _, err := keyOf(vkey); err != nil || alg != algLog {
		return nil, fmt.Errorf("%w, of a log: %q", ErrKey, vkey)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, fmt.Errorf("%w, of a log: %q: %w", ErrKey, vkey, err)
	}
	return v, nil
}

// WitnessKey reads the verifier key of a witness that cosigns with Ed25519.
func WitnessKey(vkey string) (note.Verifier, error) {
	alg, key, err := keyOf(vkey)
	if err != nil || alg != algWitness || len(key) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("%w, of a witness that signs with Ed25519: %q", ErrKey, vkey)
	}
	name, rest, _ := strings.Cut(vkey, "+")
	w := witness{name: name, hash: keyHash(name, algWitness, key), key: key}
	if !strings.HasPrefix(rest, fmt.Sprintf("%08x+", w.hash)) {
		return nil, fmt.Errorf("%w: the hash of %q is another", ErrKey, vkey)
	}
	return w, nil
}

func keyOf(vkey string) (alg byte, key []byte, err error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return 0, nil, ErrKey
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(raw) < 2 {
		return 0, nil, ErrKey
	}
	return raw[0], raw[1:], nil
}

func keyHash(name string, alg byte, key []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"+string(rune(alg))), key...))
	return binary.BigEndian.Uint32(sum[:])
}

// witness checks cosignatures, C2SP tlog-cosignature with Ed25519.
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

// Name is the witness's.
func (w witness) Name() string { return w.name }

// KeyHash is the id of its key.
func (w witness) KeyHash() uint32 { return w.hash }

// Verify checks its signature over the text and the time that stands in the signature.
func (w witness) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(signature)
	return at > 0 && at < 1<<63 && ed25519.Verify(w.key, Cosigning(at, text), signature[8:])
}

// Cosigning is what a witness signs: the text of a checkpoint, and when.
func Cosigning(at uint64, text []byte) []byte {
	return append(fmt.Appendf(nil, "cosignature/v1\ntime %d\n", at), text...)
}

// cosignedAt is the time in a witness's signature.
func cosignedAt(encoded string) time.Time {
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(raw) < 12 {
		return time.Time{}
	}
	return time.Unix(int64(binary.BigEndian.Uint64(raw[4:])), 0).UTC()
}

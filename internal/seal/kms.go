package seal

import (
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
)

// KMS is a key management service: its keys never leave it, it wraps and unwraps with them.
//
// Once Destroy returned, Unwrap under that name MUST fail for ever. Services that only mark a key for
// destruction some days ahead give that promise those days later, and whoever promises erasure adds them.
type KMS interface {
	// Create makes a key and gives its name.
	Create() (name string, err error)
	// Wrap and Unwrap take and give a key of 32 bytes.
	Wrap(name string, key []byte) ([]byte, error)
	Unwrap(name string, wrapped []byte) ([]byte, error)
	// Destroy destroys a key. Of one that is destroyed already it says nothing.
	Destroy(name string) error
}

// Wrapped is a Vault whose secret another vault keeps, sealed under a key of the KMS. Whoever copies what
// that one keeps has nothing; and as every replacement has a key of its own, and the one before is destroyed,
// not even a whole backup from before an erasure opens anything together with the KMS.
func Wrapped(kms KMS, inner Vault) Vault { return wrappedVault{kms, inner} }

type wrappedVault struct {
	kms   KMS
	inner Vault
}

// envelope is what the inner vault keeps. Former is the key to destroy once this is durable; it is destroyed
// again at the next replacement, as a crash may have come in between.
type envelope struct {
	Key     string `json:"key"`
	Former  string `json:"former,omitzero"`
	Wrapped []byte `json:"wrapped"`
	Sealed  []byte `json:"sealed"`
}

// envelopeUse ties the sealed master key to its use.
const envelopeUse = "partner ledger master key"

// Load unwraps the secret. A key that a crash left alive is destroyed first.
func (v wrappedVault) Load() (_ []byte, version string, err error) {
	text, version, err := v.inner.Load()
	if err != nil || text == nil {
		return nil, version, err
	}
	e, err := readEnvelope(text)
	if err != nil {
		return nil, "", err
	}
	if e.Former != "" {
		if err := v.kms.Destroy(e.Former); err != nil {
			return nil, "", fmt.Errorf("destroy the former key of the master key: %w", err)
		}
	}
	key, err := v.kms.Unwrap(e.Key, e.Wrapped)
	if err != nil {
		return nil, "", fmt.Errorf("the KMS doesn't unwrap the master key: %w", err)
	}
	defer clear(key)
	aead, err := subtle.NewAESGCM(key)
	if err != nil {
		return nil, "", errors.New("the KMS gives a key of another size")
	}
	secret, err := aead.Decrypt(e.Sealed, []byte(envelopeUse))
	if err != nil {
		return nil, "", errors.New("the sealed master key was altered")
	}
	return secret, version, nil
}

func readEnvelope(text []byte) (e envelope, err error) {
	if err := json.Unmarshal(text, &e, json.RejectUnknownMembers(true)); err != nil {
		return e, errors.New("what is kept isn't a master key sealed by a KMS")
	}
	return e, nil
}

// Replace seals the secret under a new key of the KMS and destroys the key before.
func (v wrappedVault) Replace(version string, secret []byte) (newer string, err error) {
	var e envelope
	text, now, err := v.inner.Load()
	if err == nil && now != version {
		err = ErrVaultChanged
	}
	if err == nil && text != nil {
		var before envelope
		before, err = readEnvelope(text)
		e.Former = before.Key
	}
	if err != nil {
		return "", err
	}
	key := make([]byte, keySize)
	defer clear(key)
	if _, err := rand.Read(key); err != nil {
		return "", fmt.Errorf("make a key: %w", err)
	}
	aead, err := subtle.NewAESGCM(key)
	if err != nil {
		return "", err
	}
	if e.Sealed, err = aead.Encrypt(secret, []byte(envelopeUse)); err != nil {
		return "", err
	}
	if e.Key, err = v.kms.Create(); err != nil {
		return "", fmt.Errorf("the KMS makes no key: %w", err)
	}
	if e.Wrapped, err = v.kms.Wrap(e.Key, key); err != nil {
		return "", fmt.Errorf("the KMS doesn't wrap the master key: %w", err)
	}
	if text, err = json.Marshal(e); err != nil {
		return "", err
	}
	if newer, err = v.inner.Replace(version, text); err != nil {
		return "", errors.Join(err, v.kms.Destroy(e.Key))
	}
	if e.Former == "" {
		return newer, nil
	}
	if err := v.kms.Destroy(e.Former); err != nil {
		return "", fmt.Errorf("destroy the former key of the master key: %w", err)
	}
	return newer, nil
}

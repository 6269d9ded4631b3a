package seal

import (
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	"github.com/tink-crypto/tink-go/v2/tink"
)

// ErrMasterMissing says that there are keys but not the master key that opens them. A new one would open
// nothing and hide the loss, so none is made: put the file back.
var ErrMasterMissing = errors.New("there are keys but not their master key (master.key); put it back, a new one would open nothing")

// errLeafCut says that nothing can be wrapped under a leaf, because it was cut.
var errLeafCut = errors.New("the leaf was cut from the master key")

// digestLeaf wraps the key of digests, and is never cut.
const digestLeaf = 0

// master is the master key as this process has it. It is safe for concurrent use.
type master struct {
	vault Vault

	mu      sync.RWMutex
	tree    *tree
	version string
	stale   bool // nobody knows what the vault has
}

// load takes what the vault has; with create it keeps a new key where there never was one.
func (m *master) load(create bool) error {
	secret, version, err := m.vault.Load()
	if err != nil {
		return err
	}
	if secret == nil && create {
		secret, version, err = m.make()
	}
	if err != nil {
		return err
	}
	defer clear(secret)
	if secret == nil {
		return ErrMasterMissing
	}
	t, err := decodeTree(secret)
	if err != nil {
		return fmt.Errorf("master key: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tree != nil {
		m.tree.destroy()
	}
	m.tree, m.version, m.stale = t, version, false
	return nil
}

func (m *master) make() (secret []byte, version string, err error) {
	root := make([]byte, keySize)
	if _, err := rand.Read(root); err != nil {
		return nil, "", fmt.Errorf("make the master key: %w", err)
	}
	t := newTree(root)
	defer t.destroy()
	secret = t.encode()
	version, err = m.vault.Replace("", secret)
	if errors.Is(err, ErrVaultChanged) { // another process made one
		return m.vault.Load()
	}
	return secret, version, err
}

func (m *master) leaf(number uint32) (tink.AEAD, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.tree.leaf(number)
}

// newKey makes a key and gives it wrapped under the leaf.
func (m *master) newKey(leaf uint32, binding string) ([]byte, error) {
	aead, ok := m.leaf(leaf)
	if !ok {
		return nil, errLeafCut
	}
	raw := make([]byte, keySize)
	defer clear(raw)
	if _, err := rand.Read(raw); err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return aead.Encrypt(raw, []byte(binding))
}

// unwrap gives a key in clear; whoever gets it overwrites it.
func (m *master) unwrap(leaf uint32, binding string, wrapped []byte) ([]byte, error) {
	aead, ok := m.leaf(leaf)
	if !ok {
		return nil, errLeafCut
	}
	return aead.Decrypt(wrapped, []byte(binding))
}

// reaches gives those of the leaves that aren't cut.
func (m *master) reaches(leaves []uint32) (found []uint32) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, leaf := range leaves {
		if _, ok := m.tree.over(leaf); ok {
			found = append(found, leaf)
		}
	}
	return found
}

// cut replaces the vault's master key by one without the leaves. The caller holds the store's lock. Where others
// share the key, or the last time failed, the vault's own is taken first.
func (m *master) cut(leaves []uint32, shared bool) error {
	if shared || m.stale {
		if err := m.load(false); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	changed := false
	for _, leaf := range leaves {
		changed = m.tree.cut(leaf) || changed
	}
	if !changed {
		return nil
	}
	secret := m.tree.encode()
	defer clear(secret)
	version, err := m.vault.Replace(m.version, secret)
	if m.stale = err != nil; err != nil {
		return fmt.Errorf("cut the keys of the forgotten from the master key: %w", err)
	}
	m.version = version
	return nil
}

// destroy overwrites the secrets in memory.
func (m *master) destroy() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tree != nil {
		m.tree.destroy()
	}
}

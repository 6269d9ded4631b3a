package evidence

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// manifestFile lists every other file with its digest, in the form of sha256sum.
const manifestFile = "MANIFEST"

// manifest are digests by the names of files.
type manifest map[string][sha256.Size]byte

func (m manifest) add(name string, content []byte) { m[name] = sha256.Sum256(content) }

func (m manifest) bytes() []byte {
	var text bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(&text, "%x  %s\n", m[name], name)
	}
	return text.Bytes()
}

func parseManifest(text []byte) (manifest, error) {
	m := manifest{}
	for line := range strings.Lines(string(text)) {
		var sum []byte
		digest, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if _, err := fmt.Sscanf(digest, "%x", &sum); err != nil || !ok || len(sum) != sha256.Size {
			return nil, fmt.Errorf("line %d is not a digest and a name", len(m)+1)
		}
		m[name] = [sha256.Size]byte(sum)
	}
	if !bytes.Equal(m.bytes(), text) {
		return nil, errors.New("it isn't written as one")
	}
	return m, nil
}

// check holds a file against its line.
func (m manifest) check(name string, content []byte) error {
	want, listed := m[name]
	switch {
	case !listed:
		return faultf(ManifestDiffers, name, "the manifest doesn't list it")
	case want != sha256.Sum256(content):
		return faultf(ManifestDiffers, name, "it isn't the file that the manifest lists")
	}
	return nil
}

package evidence

import (
	"bytes"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func mapFS(files map[string][]byte) fstest.MapFS {
	all := fstest.MapFS{}
	for name, content := range files {
		all[name] = &fstest.MapFile{Data: content}
	}
	return all
}

// visited is a ledger at the second visit of an auditor: 600 events at the first, 1000 now.
func visited(t testing.TB) (*world, *witness, []byte) {
	keys := newKeys(t)
	one := newWitness(t, "one.example/w", keys.VerifierKeys()[0])
	w := newWorld(t, keys, one)
	w.fill(0, 600, nil)
	w.sign(600)
	since := w.checkpoint()
	w.fill(600, 1000, nil)
	w.sign(1000)
	return w, one, since
}

// other is the independent verifier of the same auditor.
func (w *world) other(one *witness, since []byte) otherKeys {
	k := otherKeys{since: since}
	k.name, k.log = otherKey(w.keys.VerifierKeys()[0], 1)
	if one != nil {
		_, k.witness = otherKey(one.vkey, 4)
	}
	return k
}

// Ensure that honest evidence verifies, by both verifiers, with and without what was kept.
func TestEvidence_OfAnHonestLogVerifies(t *testing.T) {
	w, one, since := visited(t)
	for name, r := range map[string]Request{
		"everything":             {Since: since},
		"one customer":           {Filters: url.Values{"customer": {"3"}}, Since: since},
		"one stream":             {Stream: "customer-p.5", Since: since},
		"without a former visit": {Stream: "customer-p.5"},
	} {
		t.Run(name, func(t *testing.T) {
			text := zipped(t, w.bundle(r))
			v, err := VerifyBundle(text, checks(t, w.keys.VerifierKeys(), r.Since, one))
			require.NoError(t, err)
			require.NoError(t, w.other(one, r.Since).bundle(text))
			require.EqualValues(t, 1000, v.Size)
			require.Equal(t, r.Since == nil, v.Since == nil)
			var said strings.Builder
			require.NoError(t, v.Print(&said))
			require.Contains(t, said.String(), "witnessed   by one.example/w")
		})
	}
	files := w.export()
	v, err := VerifyLog(mapFS(files), checks(t, w.keys.VerifierKeys(), since, one))
	require.NoError(t, err)
	require.EqualValues(t, 600, v.Since.Size)
	require.NoError(t, w.other(one, since).wholeLog(files))
	_, err = w.collect(Request{Stream: "customer-p.99"})
	require.ErrorIs(t, err, ErrNothing)
}

// Ensure that a bundle made after a rotation verifies for whoever trusts either key.
func TestEvidence_VerifiesWithEitherKeyAfterARotation(t *testing.T) {
	w, _, since := visited(t)
	rotated, err := w.keys.Rotate()
	require.NoError(t, err)
	w.keys = rotated
	w.fill(1000, 1010, nil)
	w.sign(1010)
	text := zipped(t, w.bundle(Request{Since: since}))
	for _, vkey := range rotated.VerifierKeys() {
		_, err := VerifyBundle(text, checks(t, []string{vkey}, nil))
		if vkey == rotated.VerifierKeys()[0] {
			require.NoError(t, err)
		} else {
			require.Equal(t, Unsigned, code(t, err), "the checkpoint of the last visit is the old key's alone")
		}
	}
	_, err = VerifyBundle(text, checks(t, rotated.VerifierKeys(), since))
	require.NoError(t, err)
	_, err = VerifyBundle(text, checks(t, newKeys(t).VerifierKeys(), nil))
	require.Equal(t, Unsigned, code(t, err))
}

// Ensure that tools of others come to the same: sha256sum over the files, openssl over the signature.
func TestEvidence_VerifiesWithToolsOfOthers(t *testing.T) {
	w, one, since := visited(t)
	b := w.bundle(Request{Stream: "customer-p.5", Since: since})
	dir := t.TempDir()
	put := func(name string, content []byte) {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o750))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	list := manifest{}
	for name, content := range b {
		put(name, content)
		list.add(name, content)
	}
	put(manifestFile, list.bytes())
	run := func(name string, args ...string) error {
		command := exec.Command(name, args...)
		command.Dir = dir
		out, err := command.CombinedOutput()
		t.Logf("%s %s: %s", name, strings.Join(args, " "), bytes.TrimSpace(out)[max(0, len(bytes.TrimSpace(out))-60):])
		return err
	}
	require.NoError(t, run("sha256sum", "-c", "--strict", manifestFile))

	k := w.other(one, nil)
	head, _, _ := bytes.Cut(b[checkpointFile], []byte("\n\n"))
	line := strings.Split(string(b[checkpointFile]), "— "+origin+" ")[1]
	signature, err := strict64(strings.Split(line, "\n")[0], 68)
	require.NoError(t, err)
	put("text", append(head, '\n'))
	put("signature", signature[4:])
	// An Ed25519 key in DER is this prefix and the key (RFC 8410).
	put("key.der", append([]byte{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00}, k.log...))
	openssl := []string{"pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key.der", "-rawin", "-in", "text", "-sigfile", "signature"}
	require.NoError(t, run("openssl", openssl...))
	put("text", bytes.Replace(append(head, '\n'), []byte("1000"), []byte("1001"), 1))
	require.Error(t, run("openssl", openssl...), "another size isn't signed")
	put("leaves/5", []byte("another"))
	require.Error(t, run("sha256sum", "-c", "--strict", manifestFile))
}

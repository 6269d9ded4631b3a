package audit

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

// Ensure that a key is made only on purpose, is its owner's alone, and that what can't be read is never
// taken for absent.
func TestKeys_AreNeverMadeByAccident(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notary.keys")
	_, err := OpenKeys(path)
	require.ErrorIs(t, err, ErrNoKey)
	require.NoFileExists(t, path)
	for _, name := range []string{"", "a b", "a+b", "/a", "a/", "a//b", "ä", "a\nb"} {
		_, err = CreateKeys(path, name)
		require.Error(t, err, name)
	}
	made, err := CreateKeys(path, origin)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	_, err = CreateKeys(path, origin)
	require.ErrorIs(t, err, ErrKeyExists)
	read, err := OpenKeys(path)
	require.NoError(t, err)
	require.Equal(t, made.VerifierKeys(), read.VerifierKeys())

	require.NoError(t, os.Chmod(path, 0o640))
	_, err = OpenKeys(path)
	require.ErrorContains(t, err, "read by others")
	require.NoError(t, os.Chmod(path, 0o600))
	secret, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, secret[:40], 0o600))
	_, err = OpenKeys(path)
	require.Error(t, err)
	require.False(t, errors.Is(err, ErrNoKey), "a damaged file is not an absent one")
	require.NotContains(t, err.Error(), string(secret[30:40]))
}

// Ensure that after a rotation whoever trusts either key can check, and learns of the new one from the old.
func TestKeys_RotateWithoutLosingWhoTrustsTheOldOne(t *testing.T) {
	all, keys, dir := leaves(t, 20), newKeys(t), t.TempDir()
	signAt(t, open(t, dir, keys), all, 10)
	require.NoError(t, keys.Declare(dir, time.Unix(0, 0)))
	rotated, err := keys.Rotate()
	require.NoError(t, err)
	require.NoError(t, rotated.Declare(dir, time.Unix(1, 0)))
	l, err := OpenLog(dir, rotated, ticking())
	require.ErrorIs(t, err, ErrLocked)
	require.Nil(t, l)
	dir2 := t.TempDir()
	require.NoError(t, os.CopyFS(dir2, os.DirFS(dir)))
	signAt(t, open(t, dir2, rotated), all, 20)
	text, err := os.ReadFile(filepath.Join(dir2, checkpointFile))
	require.NoError(t, err)
	for _, vkey := range rotated.VerifierKeys() {
		v, err := proof.LogKey(vkey)
		require.NoError(t, err)
		s, err := proof.Trust{Log: []note.Verifier{v}}.Open(text)
		require.NoError(t, err)
		require.EqualValues(t, 20, s.Size)
	}
	said, err := os.ReadFile(filepath.Join(dir2, keysFile))
	require.NoError(t, err)
	require.Contains(t, string(said), rotated.VerifierKeys()[1])
}

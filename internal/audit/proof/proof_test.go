package proof_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

// Ensure that the example of C2SP signed-note is read as the standard says.
func TestLogKey_ReadsTheStandardsExample(t *testing.T) {
	v, err := proof.LogKey("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
	require.NoError(t, err)
	text := "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
	_, err = note.Open([]byte(text), note.VerifierList(v))
	require.NoError(t, err)
	_, err = proof.Trust{Log: []note.Verifier{v}}.Open([]byte(text))
	require.ErrorIs(t, err, proof.ErrCheckpoint, "a note that is no checkpoint")
	for _, vkey := range []string{"", "example.com/foo", "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+530d903a+BOkyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"} {
		_, err := proof.LogKey(vkey)
		require.ErrorIs(t, err, proof.ErrKey, vkey)
		_, err = proof.WitnessKey(vkey)
		require.ErrorIs(t, err, proof.ErrKey, vkey)
	}
}

// Ensure that tiles have the paths of C2SP tlog-tiles, and that its example of a tree has its tiles.
func TestFiles_AreThoseOfTheStandardsExample(t *testing.T) {
	require.Equal(t, "tile/4/x001/x234/067.p/1", proof.Path(proof.Hashes(4, 1234067, 1)))
	count := map[string]int{}
	for _, tile := range proof.Files(70_000) {
		path := proof.Path(tile)
		level := strings.Split(path, "/")[1]
		if _, width, partial := strings.Cut(path, ".p/"); partial {
			level += " partial " + width
		}
		count[level]++
		again, err := proof.ParsePath(path)
		require.NoError(t, err)
		require.Equal(t, tile, again)
	}
	require.Equal(t, map[string]int{"0": 273, "0 partial 112": 1, "1": 1, "1 partial 17": 1, "2 partial 1": 1, "entries": 273, "entries partial 112": 1}, count)
}

// FuzzParse: whatever comes, the readers refuse it or give back what was written.
func FuzzParse(f *testing.F) {
	f.Add([]byte("o/leaf@v1\nseq 5\nstream s\nrevision 3\nevent-id i\ntype T\ndata-sha256 " + strings.Repeat("ab", 32) + "\ndata-size 8\nmeta-sha256 " + strings.Repeat("cd", 32) + "\n"))
	f.Add([]byte("c2sp.org/tlog-proof@v1\nindex 7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\nexample.com\n9\n"))
	f.Add([]byte("old 7\n\nexample.com\n9\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if l, err := proof.ParseLeaf(text); err == nil {
			again, err := l.Bytes()
			require.NoError(t, err)
			require.Equal(t, string(text), string(again))
		}
		if p, err := proof.ParseInclusion(text); err == nil {
			require.Equal(t, string(text), string(p.Bytes()))
		}
		if p, err := proof.ParseConsistency(text); err == nil {
			require.Equal(t, string(text), string(p.Bytes()))
		}
	})
}

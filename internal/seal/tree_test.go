package seal

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// wraps tells under which text a leaf opens what it sealed at first.
func opens(tr *tree, leaf uint32, sealed []byte) bool {
	aead, ok := tr.leaf(leaf)
	if !ok {
		return false
	}
	_, err := aead.Decrypt(sealed, nil)
	return err == nil
}

// Ensure exactly the leaves that were cut can't be reached any more, whatever their numbers and order, before and
// after the tree was written and read; and that no stored secret is one of a node above a leaf that was cut.
func TestTree(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		root := bytes.Repeat([]byte{byte(rapid.IntRange(1, 255).Draw(r, "root"))}, keySize)
		whole, tr := newTree(bytes.Clone(root)), newTree(root)
		number := rapid.OneOf(rapid.Uint32Range(0, 20), rapid.Uint32(), rapid.Just(uint32(1<<32-1)))
		sealed, cut := map[uint32][]byte{}, map[uint32]bool{}
		for _, n := range rapid.SliceOfN(number, 1, 20).Draw(r, "leaves") {
			aead, ok := tr.leaf(n)
			require.True(r, ok)
			var err error
			sealed[n], err = aead.Encrypt([]byte("key"), nil)
			require.NoError(r, err)
		}
		for _, n := range rapid.SliceOfN(number, 0, 20).Draw(r, "cut") {
			require.Equal(r, !cut[n], tr.cut(n))
			cut[n] = true
		}
		again, err := decodeTree(tr.encode())
		require.NoError(r, err)
		for n, text := range sealed {
			require.True(r, opens(whole, n, text))
			require.Equal(r, !cut[n], opens(tr, n, text), n)
			require.Equal(r, !cut[n], opens(again, n, text), n)
		}
		for n := range cut {
			for d := range uint8(depth + 1) {
				require.NotContains(r, tr.nodes, above(n, d))
			}
		}
		require.LessOrEqual(r, len(tr.nodes), depth*max(1, len(cut)))
	})
}

// BenchmarkTree_Leaf is what wrapping and unwrapping cost beside the cipher, when a thousand were forgotten.
func BenchmarkTree_Leaf(b *testing.B) {
	tr := newTree(bytes.Repeat([]byte{1}, keySize))
	for i := range uint32(1_000) {
		tr.cut(i * 997)
	}
	for i := uint32(0); b.Loop(); i++ {
		tr.leaf(i*997 + 1)
	}
}

// BenchmarkForget forgets one more, when so many of a hundred thousand are forgotten already.
func BenchmarkForget(b *testing.B) {
	for _, forgotten := range []int{0, 1_000, 10_000} {
		b.Run(fmt.Sprint("forgotten=", forgotten), func(b *testing.B) {
			k := open(b, b.TempDir())
			const subjects = 100_000
			var names []string
			for i := range subjects {
				names = append(names, fmt.Sprint("s", i))
			}
			_, err := k.store.ensure(names, func(ref keyRef, leaf uint32) ([]byte, error) { return k.master.newKey(leaf, ref.binding()) })
			require.NoError(b, err)
			var gone []Forgetting
			for i := range forgotten {
				gone = append(gone, Forgetting{names[i*(subjects/max(forgotten, 1))], fmt.Sprint("event ", i)})
			}
			require.NoError(b, k.ForgetAll(gone))
			for i := 1; b.Loop(); i += 7 {
				require.NoError(b, k.Forget(names[i%subjects]))
			}
		})
	}
}

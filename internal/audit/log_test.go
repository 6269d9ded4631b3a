package audit

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

// signAt adds leaves and signs at these sizes.
func signAt(t testing.TB, l *Log, all [][]byte, sizes ...int) {
	t.Helper()
	for _, size := range sizes {
		for l.Size() < int64(size) {
			l.Add(all[l.Size()])
		}
		signed, err := l.Sign()
		require.NoError(t, err)
		require.EqualValues(t, size, signed.Size)
	}
}

// Ensure that every signed root is the one that RFC 6962 defines, at sizes around those of tiles.
func TestLog_SignsTheRootThatTheStandardDefines(t *testing.T) {
	all := leaves(t, 700)
	sizes := []int{1, 2, 3, 255, 256, 257, 511, 512, 513, 700}
	keys, dir := newKeys(t), t.TempDir()
	l := open(t, dir, keys)
	trust, err := keys.trust()
	require.NoError(t, err)
	for _, size := range sizes {
		signAt(t, l, all, size)
		text, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
		require.NoError(t, err)
		shown, err := trust.Open(text)
		require.NoError(t, err)
		require.Equal(t, rootOf(all[:size]), [32]byte(shown.Root), "size %d", size)
		require.Equal(t, origin, shown.Origin)
	}
}

// Ensure that the files are a function of the events and of what was signed: neither the batches in which
// they were written nor a reopening in between nor a rebuild changes a byte.
func TestLog_FilesDependOnNothingButEventsAndCheckpoints(t *testing.T) {
	const n = 70_000 // so that a tile of level 1 is full
	all, sizes, keys := leaves(t, n), []int{3, 200, 256, 300, 5000, 65536, 65540, n}, newKeys(t)
	one, other := t.TempDir(), t.TempDir()
	signAt(t, open(t, one, keys), all, sizes...)
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range sizes {
		l := open(t, other, keys)
		for l.Size() < int64(size) {
			l.Add(all[l.Size()])
			if random.IntN(3000) == 0 || l.Size()%FlushMax == 0 {
				require.NoError(t, l.Flush())
			}
		}
		_, err := l.Sign()
		require.NoError(t, err)
		require.NoError(t, l.Close())
	}
	want, got := files(t, one), files(t, other)
	delete(want, checkpointsFile) // the times of signing differ
	delete(got, checkpointsFile)
	require.Equal(t, want, got)

	before := files(t, other)
	require.NoError(t, os.RemoveAll(filepath.Join(other, "tile")))
	_, err := OpenLog(other, keys, ticking())
	require.ErrorIs(t, err, ErrDamaged)
	size, err := Rebuild(t.Context(), other, keys, numbered{filled(t, n)}, ticking())
	require.NoError(t, err)
	require.EqualValues(t, n, size)
	require.Equal(t, before, files(t, other))
}

// Ensure that partial tiles make way for full ones, and that those of the newest checkpoint are there.
func TestLog_KeepsThePartialTilesThatACheckpointNeeds(t *testing.T) {
	all, keys, dir := leaves(t, 600), newKeys(t), t.TempDir()
	l := open(t, dir, keys)
	signAt(t, l, all, 10, 20, 256, 300, 600)
	names := files(t, dir)
	for name, there := range map[string]bool{"tile/0/000": true, "tile/0/001": true, "tile/0/002.p/88": true, "tile/1/000.p/1": true, "tile/1/000.p/2": true,
		"tile/0/000.p/10": false, "tile/0/001.p/44": false, "tile/entries/000.p/20": false, "tile/entries/002.p/88": true} {
		_, found := names[name]
		require.Equal(t, there, found, name)
	}
}

// Ensure that any damage to what the tree goes on from is noticed, and no key is taken for another.
func TestOpenLog_RefusesWhatItDidNotWrite(t *testing.T) {
	all, keys := leaves(t, 600), newKeys(t)
	for name, c := range map[string]struct {
		damage func(dir string) error
		want   error
	}{
		"a hash at the edge":  {func(dir string) error { return flip(filepath.Join(dir, "tile/0/002.p/88"), 40) }, ErrDamaged},
		"a hash above":        {func(dir string) error { return flip(filepath.Join(dir, "tile/1/000.p/2"), 0) }, ErrDamaged},
		"an entry":            {func(dir string) error { return flip(filepath.Join(dir, "tile/entries/002.p/88"), 700) }, ErrDamaged},
		"a tile is gone":      {func(dir string) error { return os.Remove(filepath.Join(dir, "tile/0/002.p/88")) }, ErrDamaged},
		"the record is gone":  {func(dir string) error { return os.Remove(filepath.Join(dir, checkpointsFile)) }, ErrDamaged},
		"the record is short": {func(dir string) error { return os.Truncate(filepath.Join(dir, checkpointsFile), 100) }, ErrDamaged},
		"the record, inside":  {func(dir string) error { return flip(filepath.Join(dir, checkpointsFile), 0) }, ErrDamaged},
		"the checkpoint":      {func(dir string) error { return flip(filepath.Join(dir, checkpointFile), 130) }, ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			l := open(t, dir, keys)
			signAt(t, l, all, 300, 600)
			require.NoError(t, l.Close())
			require.NoError(t, c.damage(dir))
			_, err := OpenLog(dir, keys, ticking())
			require.ErrorIs(t, err, c.want)
		})
	}
	dir := t.TempDir()
	l := open(t, dir, keys)
	signAt(t, l, all, 600)
	_, err := OpenLog(dir, keys, ticking())
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, l.Close())
	_, err = OpenLog(dir, newKeys(t), ticking())
	require.ErrorIs(t, err, ErrForeign)
}

func flip(name string, at int) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	text[at] ^= 1
	return os.WriteFile(name, text, 0o600)
}

// Ensure that a tree that doesn't extend the one signed last is never signed, whatever led to it.
func TestLog_SignsNothingThatDoesNotExtendTheLastCheckpoint(t *testing.T) {
	all, keys, dir := leaves(t, 600), newKeys(t), t.TempDir()
	l := open(t, dir, keys)
	signAt(t, l, all, 300)
	before := files(t, dir)[checkpointsFile]
	l.tree = &proof.Tree{} // as if memory had lost its way
	for i := range 400 {
		l.Add(all[len(all)-1-i])
	}
	_, err := l.Sign()
	require.ErrorIs(t, err, ErrDamaged)
	require.Equal(t, before, files(t, dir)[checkpointsFile])
}

// cycles ends the power again and again while a log grows, and says what was wrong first.
func cycles(t *testing.T, seed uint64, n int, lying bool) (err error, deaths int) {
	random := rand.New(rand.NewPCG(seed, 7))
	disk, keys, now := newPowered(random), newKeys(t), ticking()
	disk.lying = lying
	all := leaves(t, 3000)
	trust, err := keys.trust()
	require.NoError(t, err)
	published := map[int64]string{}
	newest := int64(0)
	for deaths < n {
		disk.on(random.IntN(150))
		err := grow(disk, keys, all, random, now, func(s proof.Signed) { published[s.Size], newest = string(s.Note), s.Size })
		if err == nil { // all there is was signed: the files are those of a clean rebuild; then a new log
			if err := sameAsRebuilt(t, disk, keys, len(all)); err != nil {
				return err, deaths
			}
			disk, newest = newPowered(random), 0
			disk.lying = lying
			clear(published)
			continue
		}
		if !errors.Is(err, errPower) {
			return fmt.Errorf("death %d: %w", deaths, err), deaths
		}
		disk.off()
		deaths++
		disk.on(1 << 30)
		l, err := openLog(disk, keys, now)
		if err != nil {
			return fmt.Errorf("death %d: %w", deaths, err), deaths
		}
		if l.Signed().Size < newest {
			return fmt.Errorf("death %d: %d leaves after %d were published", deaths, l.Signed().Size, newest), deaths
		}
		if size := l.Signed().Size; size > 0 && [32]byte(l.Signed().Root) != rootOf(all[:size]) {
			return fmt.Errorf("death %d: another root", deaths), deaths
		}
		text, _ := disk.ReadFile(checkpointsFile)
		kept, _, _ := parseRecord[Kept](text)
		for _, k := range kept {
			if s, err := trust.Open([]byte(k.Note)); err != nil || [32]byte(s.Root) != rootOf(all[:s.Size]) {
				return fmt.Errorf("death %d: a record of %d leaves: %w", deaths, k.Size, err), deaths
			}
			delete(published, k.Size)
		}
		if len(published) > 0 {
			return fmt.Errorf("death %d: %d published checkpoints are not on record", deaths, len(published)), deaths
		}
	}
	return nil, deaths
}

// sameAsRebuilt holds the files against those that the events alone make.
func sameAsRebuilt(t *testing.T, disk *powered, keys *KeyRing, n int) error {
	clean := newPowered(disk.random)
	for _, name := range []string{checkpointsFile, checkpointFile} {
		text, err := disk.ReadFile(name)
		require.NoError(t, err)
		require.NoError(t, writeFile(clean, name, text))
	}
	disk.on(1 << 30)
	if _, err := openLog(disk, keys, ticking()); err != nil { // which tidies up
		return err
	}
	if _, err := rebuild(t.Context(), clean, keys, numbered{filled(t, n)}, ticking()); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(disk.names)) {
		there, made := disk.names[name], clean.names[name]
		if !there.dir && (made == nil || string(made.data) != string(there.data)) {
			return fmt.Errorf("%s differs from a clean rebuild", name)
		}
	}
	for name, made := range clean.names {
		if !made.dir && disk.names[name] == nil {
			return fmt.Errorf("%s is missing beside a clean rebuild", name)
		}
	}
	return nil
}

// grow adds and signs until something fails or everything is signed.
func grow(d disk, keys *KeyRing, all [][]byte, random *rand.Rand, now func() time.Time, publish func(proof.Signed)) error {
	l, err := openLog(d, keys, now)
	if err != nil {
		return err
	}
	for l.Size() < int64(len(all)) {
		for range min(1+random.IntN(300), len(all)-int(l.Size())) {
			l.Add(all[l.Size()])
		}
		if random.IntN(3) == 0 {
			if err := l.Flush(); err != nil {
				return err
			}
			continue
		}
		signed, err := l.Sign()
		if err != nil {
			return err
		}
		publish(signed)
	}
	if l.Size() > l.Signed().Size {
		_, err = l.Sign()
	}
	return err
}

// Ensure that no loss of power takes a published checkpoint back or leaves a log that can't go on.
// LEDGER_KILLS=1000 is the long form.
func TestLog_OutlivesLossesOfPower(t *testing.T) {
	n := 100
	if text := os.Getenv("LEDGER_KILLS"); text != "" {
		var err error
		n, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	err, deaths := cycles(t, 1, n, false)
	require.NoError(t, err)
	require.Equal(t, n, deaths)
}

// Ensure that the test above bites: on a disk that says it synced and didn't, something is lost.
func TestLog_LosesWhatADiskOnlyClaimsToHaveWritten(t *testing.T) {
	err, deaths := cycles(t, 1, 100, true)
	require.Error(t, err)
	t.Logf("after %d losses of power: %v", deaths, err)
}

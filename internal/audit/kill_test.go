package audit

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The environment of a process that a test kills.
const (
	victimDir  = "LEDGER_AUDIT_VICTIM_DIR"
	victimKeys = "LEDGER_AUDIT_VICTIM_KEYS"
	killEvents = 50_000_000 // more than any process reaches
)

// TestMain lets this program be the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(victimDir); dir != "" {
		if err := beKilled(dir, os.Getenv(victimKeys)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// madeLeaf is leaf n of the log that the killed processes write.
func madeLeaf(n int64) []byte { return fmt.Appendf(nil, "%s/leaf@v1\nseq %d\n", origin, n) }

// beKilled adds and signs as fast as it can, and says what it published.
func beKilled(dir, keyPath string) error {
	keys, err := OpenKeys(keyPath)
	if err != nil {
		return err
	}
	l, err := OpenLog(dir, keys, time.Now)
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(uint64(os.Getpid()), 1))
	for l.Size() < killEvents {
		for range 1 + random.IntN(300) {
			l.Add(madeLeaf(l.Size()))
		}
		signed, err := l.Sign()
		if err != nil {
			return err
		}
		fmt.Println(base64.StdEncoding.EncodeToString(signed.Note))
	}
	return nil
}

// Ensure that no kill takes a published checkpoint back, and that the root is that of a clean log.
// LEDGER_KILLS=1000 is the long form.
func TestLog_OutlivesKills(t *testing.T) {
	n := 15
	if text := os.Getenv("LEDGER_KILLS"); text != "" {
		var err error
		n, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	keys, dir := newKeys(t), t.TempDir()
	trust, err := keys.trust()
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(3, 3))
	var newest int64
	published := map[int64][32]byte{}
	for range n {
		for _, text := range killed(t, dir, keys.path, time.Duration(2+random.IntN(60))*time.Millisecond) {
			s, err := trust.Open(text)
			require.NoError(t, err)
			require.GreaterOrEqual(t, s.Size, newest, "a published checkpoint went back")
			newest = s.Size
			published[s.Size] = s.Root
		}
	}
	require.NotEmpty(t, published)
	l := open(t, dir, keys)
	require.GreaterOrEqual(t, l.Signed().Size, newest)
	clean := open(t, t.TempDir(), keys)
	for clean.Size() < l.Size() {
		clean.Add(madeLeaf(clean.Size()))
		if root, there := published[clean.Size()]; there {
			require.Equal(t, root, [32]byte(clean.tree.Root()), "the root of %d leaves", clean.Size())
		}
		if clean.Size()%FlushMax == 0 {
			require.NoError(t, clean.Flush())
		}
	}
	signed, err := clean.Sign()
	require.NoError(t, err)
	require.Equal(t, signed.Root, l.Signed().Root)
	t.Logf("%d kills, %d checkpoints published, %d leaves", n, len(published), l.Size())
}

// killed runs a process, kills it that long after its first word, and gives what it published.
func killed(t *testing.T, dir, keys string, after time.Duration) (published [][]byte) {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), victimDir+"="+dir, victimKeys+"="+keys)
	var said strings.Builder
	command.Stderr = &said
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	lines := bufio.NewScanner(out)
	var timer *time.Timer
	for lines.Scan() {
		text, err := base64.StdEncoding.DecodeString(lines.Text())
		if err != nil {
			break // cut off by the kill
		}
		published = append(published, text)
		if timer == nil {
			timer = time.AfterFunc(after, func() { _ = command.Process.Kill() }) // it may have ended by itself
		}
	}
	_ = command.Wait() // it was killed
	require.NotNil(t, timer, "it died before it published anything: %s", &said)
	timer.Stop()
	return published
}

// BenchmarkLog_Sign measures adding and signing with everything durable: b.N leaves in batches of a size.
func BenchmarkLog_Sign(b *testing.B) {
	for _, batch := range []int{1, 256, 1000, FlushMax} {
		b.Run(strconv.Itoa(batch), func(b *testing.B) {
			keys, err := CreateKeys(filepath.Join(b.TempDir(), "k"), origin)
			require.NoError(b, err)
			l, err := OpenLog(b.TempDir(), keys, time.Now)
			require.NoError(b, err)
			defer l.Close()
			pad := strings.Repeat("x", 300)
			b.ResetTimer()
			for i := range b.N {
				l.Add(append(madeLeaf(int64(i)), pad...))
				if (i+1)%batch == 0 || i+1 == b.N {
					_, err := l.Sign()
					require.NoError(b, err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "leaves/s")
		})
	}
}

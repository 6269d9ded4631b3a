package evidence

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
)

// Ensure that a log of many events is exported whole and verifies, and say how long that took.
// LEDGER_LARGE=1000000 is the long form.
func TestVerifyLog_OfManyEvents(t *testing.T) {
	n := 25_000
	if text := os.Getenv("LEDGER_LARGE"); text != "" {
		var err error
		n, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	w := newWorld(t, newKeys(t))
	began := time.Now()
	pad := strings.Repeat("x", 350)
	for i := range n {
		_, err := w.log.Append(t.Context(), fmt.Sprintf("customer-p.%d", i%1000), eventstore.Revision(i/1000)-1, eventstore.Proposed{ID: uuid.NewSHA1(uuid.Nil, fmt.Append(nil, i)),
			Type: "QuantityChanged", Data: fmt.Appendf(nil, `{"quantity":%d,"pad":%q}`, i, pad), Metadata: fmt.Appendf(nil, `{"part":%d,"pad":%q}`, i, pad)})
		require.NoError(t, err)
	}
	t.Logf("made %d events in %s", n, time.Since(began))
	began = time.Now()
	w.sign(n)
	t.Logf("signed in %s: %.0f events/s", time.Since(began), float64(n)/time.Since(began).Seconds())
	began = time.Now()
	dir := filepath.Join(t.TempDir(), "log")
	_, err := Export(t.Context(), w.get, dir, nil, func(int64, int64) {})
	require.NoError(t, err)
	t.Logf("exported in %s", time.Since(began))
	v, err := VerifyLog(os.DirFS(dir), checks(t, w.keys.VerifierKeys(), nil))
	require.NoError(t, err)
	require.Equal(t, n, v.Events)
	t.Logf("verified a whole log of %d events in %s", n, v.Took)

	began = time.Now()
	text := zipped(t, w.bundle(Request{Stream: "customer-p.7"}))
	t.Logf("a bundle of one customer's %d events, %d bytes, in %s", n/1000, len(text), time.Since(began))
	v, err = VerifyBundle(text, checks(t, w.keys.VerifierKeys(), nil))
	require.NoError(t, err)
	require.Equal(t, n/1000, v.Events)
	t.Logf("verified it in %s", v.Took)
}

package evidence

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/internal/audit"
)

// witness is a small witness, written from C2SP tlog-witness and tlog-cosignature on the independent
// verifier's code.
type witness struct {
	vkey   string
	key    ed25519.PrivateKey
	name   string
	server *httptest.Server

	mu    sync.Mutex
	logs  otherKeys // the one log that it knows
	seen  otherHead
	asked []int // status of each answer
	deny  bool  // it answers nothing but 503
}

func newWitness(t testing.TB, name, logKey string) *witness {
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	w := &witness{key: private, name: name}
	w.vkey = fmt.Sprintf("%s+%x+%s", name, keyID(name, 4, public), base64.StdEncoding.EncodeToString(append([]byte{4}, public...)))
	w.logs.name, w.logs.log = otherKey(logKey, 1)
	w.server = httptest.NewServer(http.HandlerFunc(w.answer))
	t.Cleanup(w.server.Close)
	return w
}

func (w *witness) answer(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	status, text := http.StatusNotFound, []byte(nil)
	if r.Method == http.MethodPost && r.URL.Path == "/add-checkpoint" && err == nil {
		status, text = w.add(body)
	}
	if w.deny {
		status, text = http.StatusServiceUnavailable, nil
	}
	w.asked = append(w.asked, status)
	if status == http.StatusConflict {
		out.Header().Set("Content-Type", "text/x.tlog.size")
	}
	out.WriteHeader(status)
	_, _ = out.Write(text)
}

func (w *witness) answered(status int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Contains(w.asked, status)
}

// add is the whole of the protocol.
func (w *witness) add(body []byte) (int, []byte) {
	old, path, signed, err := otherProof(body, "old ")
	if err != nil || len(path) > 63 {
		return http.StatusBadRequest, nil
	}
	if !bytes.HasPrefix(signed, []byte(w.logs.name+"\n")) {
		return http.StatusNotFound, nil
	}
	now, err := w.logs.checkpoint(signed, false)
	switch {
	case err != nil:
		return http.StatusForbidden, nil
	case old > now.size:
		return http.StatusBadRequest, nil
	case old != w.seen.size:
		return http.StatusConflict, fmt.Appendf(nil, "%d\n", w.seen.size)
	case otherConsistent(w.seen, now, path) != nil:
		return http.StatusUnprocessableEntity, nil
	}
	w.seen = now
	at := uint64(time.Now().Unix())
	text := signed[:bytes.LastIndex(signed, []byte("\n\n"))+1]
	raw := binary.BigEndian.AppendUint64(keyID(w.name, 4, w.key.Public().(ed25519.PublicKey)), at)
	raw = append(raw, ed25519.Sign(w.key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text))...)
	return http.StatusOK, fmt.Appendf(nil, "— %s %s\n— other.example AAAAAAAA\n", w.name, base64.StdEncoding.EncodeToString(raw))
}

// Ensure that checkpoints are cosigned, that the lines are kept with them, and that witnesses who know
// another size than the record are asked again from there.
func TestNotary_HasItsCheckpointsCosigned(t *testing.T) {
	keys := newKeys(t)
	one, two := newWitness(t, "one.example/w", keys.VerifierKeys()[0]), newWitness(t, "two.example/w", keys.VerifierKeys()[0])
	w := newWorld(t, keys, one, two)
	w.fill(0, 300, nil)
	w.sign(300)
	w.fill(300, 777, nil)
	w.sign(777)
	s, err := checks(t, keys.VerifierKeys(), nil, one, two).checkpoint(w.checkpoint(), "")
	require.NoError(t, err)
	require.Len(t, s.Cosigned, 2)
	require.WithinDuration(t, time.Now(), s.Cosigned[0].At, time.Hour)
	text, err := Get(w.get).text(t.Context(), audit.Prefix+"checkpoint", map[string][]string{"cosigned": {"true"}})
	require.NoError(t, err)
	require.Equal(t, w.checkpoint(), text)

	again := newWorld(t, keys, one, two) // the same log made anew: its record doesn't know what the witnesses saw
	again.fill(0, 800, nil)
	again.sign(800)
	require.Contains(t, one.asked, http.StatusConflict)
	require.Equal(t, http.StatusOK, one.asked[len(one.asked)-1])
}

// Ensure that a witness which is away is reported and harms nothing.
func TestNotary_GoesOnWithoutAWitness(t *testing.T) {
	keys := newKeys(t)
	one := newWitness(t, "one.example/w", keys.VerifierKeys()[0])
	one.deny = true
	w := newWorld(t, keys, one)
	w.fill(0, 10, nil)
	w.notarize(func(s audit.Status) bool { return s.Signed == 10 && s.Witnesses[0].Error != "" })
	require.Contains(t, w.last.Witnesses[0].Error, "503")
	require.False(t, w.last.Witnesses[0].Alarm)
}

// Ensure that an auditor with yesterday's checkpoint notices at the second visit what was done to the log
// in between, although its owner signed it: by proof, and through a witness.
func TestTwoVisits_ShowWhatWasAltered(t *testing.T) {
	keys := newKeys(t)
	first := newWorld(t, keys)
	first.fill(0, 800, nil)
	first.sign(800)
	yesterday := first.checkpoint()
	vkeys := keys.VerifierKeys()
	for name, c := range map[string]struct {
		events  int
		changed map[int][]byte
		code    Code
		status  int
	}{
		"an event rewritten":            {900, map[int][]byte{777: []byte(`{"quantity":0}`)}, LogRewritten, http.StatusUnprocessableEntity},
		"an event rewritten, no longer": {800, map[int][]byte{777: []byte(`{"quantity":0}`)}, LogRewritten, http.StatusUnprocessableEntity},
		"the tail lost":                 {700, nil, LogShrank, http.StatusConflict},
	} {
		t.Run(name, func(t *testing.T) {
			one := newWitness(t, "one.example/w", vkeys[0])
			honest := newWorld(t, keys, one)
			honest.fill(0, 800, nil)
			honest.sign(800)

			w := newWorld(t, keys, one)
			w.fill(0, c.events, c.changed)
			w.notarize(func(s audit.Status) bool {
				return s.Signed == int64(c.events) && s.Witnesses[0].Alarm && one.answered(c.status)
			})
			require.NotEmpty(t, w.last.Witnesses[0].Error)

			_, err := w.collect(Request{Since: yesterday})
			require.Equal(t, c.code, code(t, err), "the ledger has no proof to give")
			_, err = VerifyBundle(zipped(t, w.bundle(Request{})), checks(t, vkeys, nil))
			require.NoError(t, err, "who kept nothing can't tell")
			_, err = VerifyBundle(zipped(t, w.bundle(Request{})), checks(t, vkeys, yesterday))
			require.Contains(t, []Code{c.code, SinceUnproven}, code(t, err))
			_, err = VerifyLog(mapFS(w.export()), checks(t, vkeys, yesterday))
			require.Equal(t, c.code, code(t, err))
		})
	}
}

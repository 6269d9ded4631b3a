package audit

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

// served asks a proof log over HTTP.
func served(t *testing.T, dir string, log eventstore.Store) func(path string) (int, string) {
	server := httptest.NewServer(NewHandler(dir, log, slog.New(slog.DiscardHandler)))
	t.Cleanup(server.Close)
	return func(path string) (int, string) {
		response, err := http.Get(server.URL + path)
		require.NoError(t, err)
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response.StatusCode, string(text)
	}
}

// Ensure that the files are served under the paths of C2SP tlog-tiles, and nothing else of the machine is.
func TestHandler_ServesTheLogAndNothingElse(t *testing.T) {
	all, keys, dir, log := leaves(t, 600), newKeys(t), t.TempDir(), filled(t, 600)
	ask := served(t, dir, log)
	for _, path := range []string{"checkpoint", "checkpoints", "events", "keys", "tile/0/000"} {
		status, text := ask(Prefix + path)
		require.Equal(t, http.StatusNotFound, status, path)
		require.Contains(t, text, `"status":404`)
	}
	signAt(t, open(t, dir, keys), all, 600)
	require.NoError(t, keys.Declare(dir, ticking()()))
	have := files(t, dir)
	for path, file := range map[string]string{"checkpoint": "checkpoint", "tile/0/000": "tile/0/000", "tile/0/002.p/88": "tile/0/002.p/88",
		"tile/entries/001": "tile/entries/001", "tile/1/000.p/2": "tile/1/000.p/2", "keys": "keys.jsonl"} {
		status, text := ask(Prefix + path)
		require.Equal(t, http.StatusOK, status, path)
		require.Equal(t, have[file], text, path)
	}
	for _, path := range []string{"tile/0/000.p/256", "tile/0/0", "tile/00/000", "tile/0/..%2f..%2fcheckpoints.jsonl", "tile/8/000", "tile/x/000",
		"lock", "checkpoints.jsonl", "draft", "tile/0/000/", "tile/data/000", "events?seq=600", "events?seq=-1", "events?from=x", "checkpoints?from=x"} {
		status, _ := ask(Prefix + path)
		require.GreaterOrEqual(t, status, 400, path)
		require.Less(t, status, 500, path)
	}
}

// Ensure that the record can be read from any size on, page by page, however long it is.
func TestHandler_ListsCheckpointsFromASizeOn(t *testing.T) {
	all, keys, dir := leaves(t, 3000), newKeys(t), t.TempDir()
	l := open(t, dir, keys)
	for size := 3; size <= 3000; size += 3 {
		signAt(t, l, all, size)
	}
	ask := served(t, dir, filled(t, 1))
	for _, from := range []int{0, 1, 3, 4, 1499, 1500, 2999, 3000, 3001} {
		_, text := ask(fmt.Sprintf("%scheckpoints?from=%d&limit=4", Prefix, from))
		var list struct {
			Items []Kept
			Next  string
		}
		require.NoError(t, json.Unmarshal([]byte(text), &list))
		var want, got []int64
		for size := int64(3); size <= 3000 && len(want) < 4; size += 3 {
			if size >= int64(from) {
				want = append(want, size)
			}
		}
		for _, k := range list.Items {
			got = append(got, k.Size)
			require.True(t, strings.HasPrefix(k.Note, origin+"\n"))
		}
		require.Equal(t, want, got, "from %d", from)
		require.Equal(t, len(want) == 4, list.Next != "", "from %d", from)
	}
}

// Ensure that events are given as they are stored, by number and by stretch, and that one that is gone is
// an error and never a shorter answer.
func TestHandler_GivesEventsAsTheyAreStored(t *testing.T) {
	all, keys, dir, log := leaves(t, 600), newKeys(t), t.TempDir(), filled(t, 600)
	signAt(t, open(t, dir, keys), all, 590)
	ask := served(t, dir, log)
	for path, want := range map[string][]uint64{"seq=7&seq=589&seq=0": {7, 589, 0}, "from=300&limit=3": {300, 301, 302}, "from=588": {588, 589}, "from=590": nil, "from=0&limit=2": {0, 1}} {
		status, text := ask(Prefix + "events?" + path)
		require.Equal(t, http.StatusOK, status, path)
		var got []uint64
		for line := range strings.Lines(text) {
			e, err := proof.ParseEvent([]byte(line))
			require.NoError(t, err)
			leaf, err := e.Leaf(origin).Bytes()
			require.NoError(t, err)
			require.Equal(t, string(all[e.Seq]), string(leaf))
			got = append(got, e.Seq)
		}
		require.Equal(t, want, got, path)
	}
	status, _ := served(t, dir, filled(t, 500))(Prefix + "events?seq=550")
	require.Equal(t, http.StatusInternalServerError, status)
}

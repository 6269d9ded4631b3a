package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain/upkeep"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

// sealed appends what the ledger records of a read model, in its own form.
func (w *world) sealed(revision int, s upkeep.Seal) {
	w.t.Helper()
	p, err := eventstore.NewCodec(vocabulary.Events(), nil).Encode(uuid.New(), upkeep.ReadModelSealed{Seal: s}, eventstore.Metadata{Parts: 1})
	require.NoError(w.t, err)
	_, err = w.log.Append(w.t.Context(), upkeep.Stream(s.Projection).String(), eventstore.Revision(revision)-1, p)
	require.NoError(w.t, err)
}

// Ensure a seal has a proof of inclusion that both verifiers take, that the verdict and the page tell what was sealed,
// in a bundle and in a whole log, and that one that was changed afterwards doesn't verify.
func TestEvidence_ShowsWhatReadModelsWereSealed(t *testing.T) {
	keys := newKeys(t)
	w := newWorld(t, keys)
	w.fill(0, 500, nil)
	s := upkeep.Events[1].(upkeep.ReadModelSealed).Seal
	w.sealed(0, s)
	w.fill(500, 600, nil)
	s.Events, s.Digest = 601, strings.Repeat("ab", 32)
	w.sealed(1, s)
	w.sign(602)
	want := []Seal{{Number: 500, Projection: "timeline", Version: 3, Events: 1731, Rows: 1742, Digest: upkeep.Events[1].(upkeep.ReadModelSealed).Digest},
		{Number: 601, Projection: "timeline", Version: 3, Events: 601, Rows: 1742, Digest: strings.Repeat("ab", 32)}}

	b := w.bundle(Request{Stream: "projection-timeline"})
	text := zipped(t, b)
	v, err := VerifyBundle(text, checks(t, keys.VerifierKeys(), nil))
	require.NoError(t, err)
	require.NoError(t, w.other(nil, nil).bundle(text))
	require.Equal(t, 2, v.Events)
	require.Equal(t, want, v.Seals)
	var said strings.Builder
	require.NoError(t, v.Print(&said))
	require.Contains(t, said.String(), "sealed      timeline, version 3, made of the first 601 events: 1742 rows, digest abab")
	require.Contains(t, string(b[pageFile]), "<h2>Read models that were sealed</h2>")
	require.Contains(t, string(b[pageFile]), "<td>601<td>1742<td><code>abab")

	files := w.export()
	v, err = VerifyLog(mapFS(files), checks(t, keys.VerifierKeys(), nil))
	require.NoError(t, err)
	require.Equal(t, want, v.Seals)

	e, err := proof.ParseEvent(bytes.SplitAfter(b[eventsFile], []byte("\n"))[1])
	require.NoError(t, err)
	e.Data = bytes.Replace(e.Data, []byte("abab"), []byte("abac"), 1)
	line, err := e.Line()
	require.NoError(t, err)
	b[eventsFile] = append(bytes.SplitAfter(b[eventsFile], []byte("\n"))[0], line...)
	_, err = VerifyBundle(zipped(t, b), checks(t, keys.VerifierKeys(), nil))
	require.Equal(t, EventDiffers, code(t, err))
}

// Ensure the page of a bundle without seals is the very one that it was before there were any: older bundles verify.
func TestPage_WithoutSealsIsAsItWasBefore(t *testing.T) {
	text, err := page(proof.Checkpoint{Origin: origin, Size: 9}, &proof.Checkpoint{Size: 3}, "stream x\n",
		[]proof.Event{{Seq: 7, Stream: "customer-p.1", Type: "QuantityChanged", Data: data(7), Metadata: []byte(`{"at":"2026-03-01T00:00:00Z"}`)}})
	require.NoError(t, err)
	sum := sha256.Sum256(text)
	require.Equal(t, "bacec96cc981f48a42fb81150698270989235a92577fd9068ea7c8906931342b", hex.EncodeToString(sum[:]))
}

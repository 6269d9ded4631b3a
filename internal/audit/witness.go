package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

// Witness is a witness of C2SP tlog-witness: it cosigns a checkpoint only if that extends every one that it
// saw of the log before.
type Witness struct {
	URL string // the submission prefix
	Key note.Verifier
}

// ParseWitness reads VKEY@URL.
func ParseWitness(text string) (Witness, error) {
	at := strings.LastIndex(text, "@http")
	if at < 0 {
		return Witness{}, fmt.Errorf("%q is no witness; write its verifier key and its address as VKEY@https://HOST/PREFIX", text)
	}
	key, err := proof.WitnessKey(text[:at])
	if err != nil {
		return Witness{}, err
	}
	address, err := url.Parse(text[at+1:])
	if err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https" {
		return Witness{}, fmt.Errorf("the address of witness %s is not of the form https://HOST/PREFIX", key.Name())
	}
	return Witness{URL: strings.TrimSuffix(address.String(), "/"), Key: key}, nil
}

// Refusal is a witness that didn't cosign.
type Refusal struct {
	Witness string
	Status  int
	Said    string
	// Size is how many leaves the witness has seen, where it says so.
	Size int64
}

// Error says what it means.
func (r *Refusal) Error() string {
	switch {
	case r.Status == http.StatusConflict:
		return fmt.Sprintf("witness %s has seen %d events: the log lost its tail, or another keeps it too", r.Witness, r.Size)
	case r.Status == http.StatusUnprocessableEntity:
		return fmt.Sprintf("witness %s saw another history: the log was rewritten", r.Witness)
	}
	return fmt.Sprintf("witness %s answers %d: %s", r.Witness, r.Status, r.Said)
}

// Alarming tells whether the witness has seen another log under our name.
func (r *Refusal) Alarming() bool {
	return r.Status == http.StatusConflict || r.Status == http.StatusUnprocessableEntity
}

const (
	witnessPatience = 10 * time.Second
	witnessAnswer   = 64 << 10
)

// askWitnesses hands each new checkpoint to the witnesses, and the newest again after a while, until ctx ends.
func (n *Notary) askWitnesses(ctx context.Context, log *Log) {
	if len(n.options.Witnesses) == 0 {
		return
	}
	var last proof.Signed
	asked := make([]time.Time, len(n.options.Witnesses))
	for pause(ctx, n.options.Interval) == nil {
		signed := log.Signed()
		for i, w := range n.options.Witnesses {
			if signed.Size == 0 || signed.Size == last.Size && n.options.Now().Sub(asked[i]) < n.options.Reask {
				continue
			}
			asked[i] = n.options.Now()
			if err := n.askWitness(ctx, log, signed, i, w); err != nil && ctx.Err() == nil {
				n.refused(i, err)
			}
		}
		last = signed
	}
}

func (n *Notary) refused(i int, err error) {
	refusal, ok := errors.AsType[*Refusal](err)
	alarm := ok && refusal.Alarming()
	if alarm {
		n.options.Logger.Error("a witness refuses to cosign the proof log", "error", err)
	} else {
		n.options.Logger.Warn("a witness did not cosign", "error", err)
	}
	n.state.witness(i, func(s *WitnessStatus) { s.Error, s.FailedAt, s.Alarm = err.Error(), n.options.Now(), alarm })
}

// askWitness asks for a cosignature from where the witness was the last time; if it knows another size
// that the log has too, once more from there.
func (n *Notary) askWitness(ctx context.Context, log *Log, signed proof.Signed, i int, w Witness) error {
	size, err := log.cosignedBy(w.Key)
	if err != nil {
		return err
	}
	size = min(size, signed.Size)
	line, err := w.ask(ctx, log, size, signed)
	if refusal, ok := errors.AsType[*Refusal](err); ok && refusal.Status == http.StatusConflict && refusal.Size != size && refusal.Size <= signed.Size {
		line, err = w.ask(ctx, log, refusal.Size, signed)
	}
	if err != nil {
		return err
	}
	if err := log.Cosign(signed.Size, line); err != nil {
		return err
	}
	n.state.witness(i, func(s *WitnessStatus) { s.Size, s.At, s.Error, s.Alarm = signed.Size, n.options.Now(), "", false })
	return nil
}

// cosignedBy is the size of the newest checkpoint that the witness cosigned; 0 if the record doesn't say.
func (l *Log) cosignedBy(key note.Verifier) (size int64, err error) {
	all, err := readTail[Cosignature](l.disk, cosignaturesFile)
	by := fmt.Sprintf("%s+%08x", key.Name(), key.KeyHash())
	for _, c := range all {
		if signerOf(c.Line) == by {
			size = c.Size
		}
	}
	return size, err
}

// ask makes the request and checks the answer.
func (w Witness) ask(ctx context.Context, log *Log, old int64, signed proof.Signed) (line string, err error) {
	hashes, err := proof.ProveConsistency(old, signed.Size, proof.Fetch(log.disk.ReadFile).Hashes(signed.Size, signed.Root))
	if err != nil {
		return "", err
	}
	body := proof.Consistency{Old: old, Hashes: hashes, Checkpoint: signed.Note}.Bytes()
	ctx, cancel := context.WithTimeout(ctx, witnessPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL+"/add-checkpoint", bytes.NewReader(body))
	if err != nil {
		return "", fmt.Errorf("witness %s: %w", w.Key.Name(), err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", fmt.Errorf("witness %s: %w", w.Key.Name(), err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, witnessAnswer))
	if err != nil {
		return "", fmt.Errorf("witness %s: %w", w.Key.Name(), err)
	}
	if response.StatusCode != http.StatusOK {
		return "", w.refusal(response.StatusCode, string(answer))
	}
	return w.line(signed, string(answer))
}

func (w Witness) refusal(status int, answer string) error {
	r := &Refusal{Witness: w.Key.Name(), Status: status, Said: strings.TrimSpace(answer)}
	if status == http.StatusConflict {
		size, err := strconv.ParseUint(strings.TrimSuffix(answer, "\n"), 10, 63)
		if err != nil {
			return fmt.Errorf("witness %s answers 409 without a size", w.Key.Name())
		}
		r.Size = int64(size)
	}
	return r
}

// line finds the witness's own line in the answer, and makes sure that it signs this checkpoint.
func (w Witness) line(signed proof.Signed, answer string) (string, error) {
	for line := range strings.Lines(answer) {
		if signerOf(line) != fmt.Sprintf("%s+%08x", w.Key.Name(), w.Key.KeyHash()) {
			continue
		}
		if _, err := note.Open([]byte(signed.Text()+"\n"+line), note.VerifierList(w.Key)); err != nil {
			return "", fmt.Errorf("the signature of witness %s: %w", w.Key.Name(), err)
		}
		return line, nil
	}
	return "", fmt.Errorf("witness %s answers without a signature of its own", w.Key.Name())
}

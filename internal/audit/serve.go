package audit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"sort"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/audit/proof"
	"github.com/partnerledger/partnerledger/internal/wire"
)

// Prefix is where the proof log stands over HTTP. Below it are the paths of C2SP tlog-tiles, so that public
// tools read it as it is.
const Prefix = "/v1/proofs/"

// server serves the files of a proof log and the stored bytes of the events under it. It reads nothing but
// files, so that it works in a process without a notary too, and whoever asks need not believe a word: all
// that is served is proven by the checkpoint.
type server struct {
	disk folder
	log  eventstore.Store
	logs *slog.Logger
}

// NewHandler serves the proof log in the folder below Prefix, read-only.
func NewHandler(dir string, log eventstore.Store, logger *slog.Logger) http.Handler {
	s := &server{disk: folder(dir), log: log, logs: logger}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Prefix+"checkpoint", s.asking(s.checkpoint))
	mux.HandleFunc("GET "+Prefix+"checkpoints", s.asking(s.checkpoints))
	mux.HandleFunc("GET "+Prefix+"keys", s.asking(s.keys))
	mux.HandleFunc("GET "+Prefix+"tile/{path...}", s.asking(s.tile))
	mux.HandleFunc("GET "+Prefix+"events", s.asking(s.events))
	return mux
}

// asked is an error that is the asker's.
type asked struct{ error }

// asking turns errors into problems; what the asker can't mend goes to the log.
func (s *server) asking(answer func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := answer(w, r)
		var wrong asked
		switch {
		case err == nil || r.Context().Err() != nil:
		case errors.As(err, &wrong):
			s.problem(w, http.StatusBadRequest, wrong.Error())
		case errors.Is(err, fs.ErrNotExist):
			s.problem(w, http.StatusNotFound, "The proof log has no such file yet, or nothing was signed so far.")
		default:
			s.logs.Error("proof log", "path", r.URL.Path, "error", err)
			s.problem(w, http.StatusInternalServerError, "The proof log failed to answer; tell its operators.")
		}
	}
}

func (s *server) problem(w http.ResponseWriter, status int, detail string) {
	text, err := json.Marshal(wire.Problem{Title: http.StatusText(status), Status: status, Detail: detail})
	if err != nil {
		s.logs.Error("proof log", "error", err)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a reader who left is no fault
}

// checkpoint gives the newest one or, with cosigned=true, the newest that a witness cosigned.
func (s *server) checkpoint(w http.ResponseWriter, r *http.Request) error {
	text, err := s.disk.ReadFile(checkpointFile)
	if err == nil && r.URL.Query().Get("cosigned") == "true" {
		text, err = s.cosigned()
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	_, err = w.Write(text)
	return err
}

func (s *server) cosigned() ([]byte, error) {
	tail, from, err := s.disk.ReadTail(cosignaturesFile, tailMax)
	if err != nil {
		return nil, err
	}
	all, _, _ := parseRecord[Cosignature](tail[wholeFrom(tail, from):]) // a line that is being written isn't one yet
	if len(all) == 0 {
		return nil, fs.ErrNotExist
	}
	size := all[len(all)-1].Size
	var lines []string
	for _, c := range all {
		if c.Size == size {
			lines = append(lines, c.Line)
		}
	}
	kept, err := s.kept(size, 1)
	if err != nil {
		return nil, err
	}
	if len(kept) == 0 || kept[0].Size != size {
		return nil, fmt.Errorf("%w (no checkpoint of %d leaves under a cosignature)", ErrDamaged, size)
	}
	return proof.With([]byte(kept[0].Note), newestLines(lines)...), nil
}

const keptMax = 1000

// checkpoints lists what was signed, from a size on.
func (s *server) checkpoints(w http.ResponseWriter, r *http.Request) error {
	from, err := count(r, "from", 0)
	if err != nil {
		return err
	}
	limit, err := count(r, "limit", keptMax)
	if err != nil {
		return err
	}
	kept, err := s.kept(from, int(min(limit, keptMax)))
	if err != nil {
		return err
	}
	list := struct {
		Items []Kept `json:"items"`
		Next  string `json:"next,omitzero"`
	}{Items: append([]Kept{}, kept...)}
	if n := len(kept); n > 0 && n == int(min(limit, keptMax)) {
		list.Next = strconv.FormatInt(kept[n-1].Size+1, 10)
	}
	w.Header().Set("Content-Type", "application/json")
	return json.MarshalWrite(w, list)
}

func count(r *http.Request, name string, otherwise int64) (int64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0, asked{fmt.Errorf("%s=%q is no count", name, text)}
	}
	return int64(n), nil
}

// kept gives checkpoints of at least this size. The record is ordered by size, so it looks by halves.
func (s *server) kept(from int64, limit int) (kept []Kept, err error) {
	f, err := os.Open(s.disk.at(checkpointsFile))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	const block = 4 << 10 // longer than any line
	end := info.Size()
	blocks := int((end + block - 1) / block)
	lineAfter := func(at int64) (Kept, int64, bool) { // the first line that begins after a place
		text, readErr := io.ReadAll(io.NewSectionReader(f, at, 2*block))
		err = errors.Join(err, readErr)
		start := wholeFrom(text, at)
		all, _, _ := parseRecord[Kept](text[start:])
		if len(all) == 0 {
			return Kept{}, end, false
		}
		return all[0], at + int64(start), true
	}
	first := sort.Search(blocks, func(i int) bool {
		k, _, ok := lineAfter(int64(i) * block)
		return !ok || k.Size >= from
	})
	at := max(int64(first-1), 0) * block
	for len(kept) < limit && err == nil {
		k, begins, ok := lineAfter(at)
		if !ok {
			break
		}
		if k.Size >= from {
			kept = append(kept, k)
		}
		at = begins + 1 // in the middle of that line: the next one is looked for
	}
	return kept, err
}

// wholeFrom is where the first whole line begins in a text that was cut out at a place.
func wholeFrom(text []byte, at int64) int {
	if at == 0 {
		return 0
	}
	return bytes.IndexByte(text, '\n') + 1
}

// keys gives what was said of the log's keys, a signed note a line.
func (s *server) keys(w http.ResponseWriter, _ *http.Request) error {
	text, err := s.disk.ReadFile(keysFile)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	_, err = w.Write(text)
	return err
}

// tile gives a tile or a bundle of entries; what is there never changes.
func (s *server) tile(w http.ResponseWriter, r *http.Request) error {
	path := strings.TrimPrefix(r.URL.Path, Prefix)
	if _, err := proof.ParsePath(path); err != nil {
		return asked{err}
	}
	text, err := s.disk.ReadFile(path)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, err = w.Write(text)
	return err
}

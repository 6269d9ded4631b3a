package evidence

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The second verifier. It is written from RFC 6962 and RFC 9162, the C2SP documents and README.txt, shares no
// code with the first one and uses neither of the libraries that the log is made with. It checks what proves;
// the pages to read it holds against the manifest alone.

// otherKeys are what it goes by: public keys, and the checkpoint of the last visit.
type otherKeys struct {
	name    string
	log     ed25519.PublicKey
	witness ed25519.PublicKey // nil: none wanted
	since   []byte            // nil: none kept
}

func otherKey(vkey string, kind byte) (string, ed25519.PublicKey) {
	parts := strings.SplitN(vkey, "+", 3)
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || raw[0] != kind || len(raw) != 33 {
		panic("not a key of this kind: " + vkey)
	}
	return parts[0], raw[1:]
}

type otherHead struct {
	size int64
	root [32]byte
}

func strict64(text string, size int) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || base64.StdEncoding.EncodeToString(raw) != text || size >= 0 && len(raw) != size {
		return nil, fmt.Errorf("%q is not the base64 of %d bytes", text, size)
	}
	return raw, nil
}

func keyID(name string, kind byte, key []byte) []byte {
	sum := sha256.Sum256(slices.Concat([]byte(name), []byte{'\n', kind}, key))
	return sum[:4]
}

// otherCheckpoint opens a signed note: text, a blank line, signature lines.
func (k otherKeys) checkpoint(note []byte, witnessed bool) (h otherHead, err error) {
	lines := strings.SplitAfter(string(note), "\n")
	if len(lines) < 6 || lines[len(lines)-1] != "" || lines[3] != "\n" {
		return h, errors.New("not a checkpoint")
	}
	text := strings.Join(lines[:3], "")
	signed, cosigned := false, false
	order := func(line string) string {
		return strconv.FormatBool(!strings.HasPrefix(line, "— "+k.name+" ")) + line
	}
	if !slices.IsSortedFunc(lines[4:len(lines)-1], func(a, b string) int { return strings.Compare(order(a), order(b)) }) {
		return h, errors.New("signatures in another order")
	}
	for _, line := range lines[4 : len(lines)-1] {
		name, encoded, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(line, "— "), "\n"), " ")
		raw, err := strict64(encoded, -1)
		if !ok || !strings.HasPrefix(line, "— ") || err != nil || len(raw) < 5 {
			return h, fmt.Errorf("not a signature: %q", line)
		}
		switch {
		case name == k.name && bytes.Equal(raw[:4], keyID(name, 1, k.log)):
			if !ed25519.Verify(k.log, []byte(text), raw[4:]) {
				return h, errors.New("the log's signature is wrong")
			}
			signed = true
		case k.witness != nil && bytes.Equal(raw[:4], keyID(name, 4, k.witness)):
			if len(raw) != 4+8+64 {
				return h, errors.New("the witness's signature is cut")
			}
			at := binary.BigEndian.Uint64(raw[4:])
			if !ed25519.Verify(k.witness, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text), raw[12:]) {
				return h, errors.New("the witness's signature is wrong")
			}
			cosigned = true
		}
	}
	if !signed || witnessed && k.witness != nil && !cosigned {
		return h, errors.New("a signature is missing")
	}
	if lines[0] != k.name+"\n" {
		return h, errors.New("another log's")
	}
	size := strings.TrimSuffix(lines[1], "\n")
	h.size, err = strconv.ParseInt(size, 10, 64)
	if err != nil || h.size < 0 || strconv.FormatInt(h.size, 10) != size {
		return h, errors.New("not a size")
	}
	root, err := strict64(strings.TrimSuffix(lines[2], "\n"), 32)
	copy(h.root[:], root)
	return h, err
}

func hashLeaf(leaf []byte) [32]byte { return sha256.Sum256(append([]byte{0}, leaf...)) }
func hashNode(l, r [32]byte) [32]byte {
	return sha256.Sum256(slices.Concat([]byte{1}, l[:], r[:]))
}

// otherIncluded is RFC 9162 §2.1.3.2.
func otherIncluded(index int64, leaf []byte, path [][32]byte, h otherHead) error {
	if index >= h.size {
		return errors.New("beyond the tree")
	}
	fn, sn, r := index, h.size-1, hashLeaf(leaf)
	for _, p := range path {
		if sn == 0 {
			return errors.New("the path is too long")
		}
		if fn&1 == 1 || fn == sn {
			r = hashNode(p, r)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			r = hashNode(r, p)
		}
		fn, sn = fn>>1, sn>>1
	}
	if sn != 0 || r != h.root {
		return errors.New("not in the tree")
	}
	return nil
}

// otherConsistent is RFC 9162 §2.1.4.2.
func otherConsistent(old, now otherHead, path [][32]byte) error {
	if old.size > now.size {
		return errors.New("the log shrank")
	}
	if old.size == now.size || old.size == 0 {
		if len(path) > 0 || old.size == now.size && old.root != now.root {
			return errors.New("another log of this size")
		}
		return nil
	}
	if len(path) == 0 && old.size&(old.size-1) != 0 {
		return errors.New("no proof")
	}
	if old.size&(old.size-1) == 0 {
		path = append([][32]byte{old.root}, path...)
	}
	fn, sn := old.size-1, now.size-1
	for fn&1 == 1 {
		fn, sn = fn>>1, sn>>1
	}
	fr, sr := path[0], path[0]
	for _, c := range path[1:] {
		if sn == 0 {
			return errors.New("the proof is too long")
		}
		if fn&1 == 1 || fn == sn {
			fr, sr = hashNode(c, fr), hashNode(c, sr)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			sr = hashNode(sr, c)
		}
		fn, sn = fn>>1, sn>>1
	}
	if sn != 0 || fr != old.root || sr != now.root {
		return errors.New("the log was rewritten")
	}
	return nil
}

// otherProof reads "head N", hashes, a blank line and a checkpoint.
func otherProof(text []byte, head string) (n int64, path [][32]byte, note []byte, err error) {
	rest, ok := bytes.CutPrefix(text, []byte(head))
	body, note, parted := bytes.Cut(rest, []byte("\n\n"))
	if !ok || !parted {
		return 0, nil, nil, errors.New("not a proof")
	}
	lines := strings.Split(string(body), "\n")
	if n, err = strconv.ParseInt(lines[0], 10, 64); err != nil || strconv.FormatInt(n, 10) != lines[0] || n < 0 {
		return 0, nil, nil, errors.New("not a number")
	}
	for _, line := range lines[1:] {
		raw, err := strict64(line, 32)
		if err != nil {
			return 0, nil, nil, err
		}
		path = append(path, [32]byte(raw))
	}
	return n, path, note, nil
}

type otherEvent struct {
	Seq            uint64
	Stream         string
	Revision       int64
	ID, Type       string
	Data, Metadata string
	data, meta     []byte
}

// otherEvents reads lines of events and writes each again: there is one way to write it.
func otherEvents(text []byte) (all []otherEvent, err error) {
	for line := range bytes.Lines(text) {
		var e otherEvent
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, err
		}
		again := fmt.Sprintf(`{"seq":%d,"stream":%q,"revision":%d,"id":%q,"type":%q,"data":%q,"metadata":%q}`+"\n", e.Seq, e.Stream, e.Revision, e.ID, e.Type, e.Data, e.Metadata)
		if again != string(line) {
			return nil, fmt.Errorf("written otherwise: %s", line)
		}
		if e.data, err = strict64(e.Data, -1); err != nil {
			return nil, err
		}
		if e.meta, err = strict64(e.Metadata, -1); err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

// otherDecoded are the events with their JSON in clear; those here are compact JSON all of them.
func otherDecoded(events []otherEvent) (text []byte) {
	for _, e := range events {
		text = fmt.Appendf(text, `{"seq":%d,"stream":%q,"revision":%d,"type":%q,"id":%q,"data":%s,"metadata":%s}`+"\n", e.Seq, e.Stream, e.Revision, e.Type, e.ID, e.data, e.meta)
	}
	return text
}

func (k otherKeys) leaf(e otherEvent) []byte {
	d, m := sha256.Sum256(e.data), sha256.Sum256(e.meta)
	return fmt.Appendf(nil, "%s/leaf@v1\nseq %d\nstream %s\nrevision %d\nevent-id %s\ntype %s\ndata-sha256 %s\ndata-size %d\nmeta-sha256 %s\n",
		k.name, e.Seq, e.Stream, e.Revision, e.ID, e.Type, hex.EncodeToString(d[:]), len(e.data), hex.EncodeToString(m[:]))
}

// otherManifest holds all files against MANIFEST.
func otherManifest(files map[string][]byte) error {
	want := ""
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if name != "MANIFEST" {
			want += fmt.Sprintf("%x  %s\n", sha256.Sum256(files[name]), name)
		}
	}
	if want != string(files["MANIFEST"]) {
		return errors.New("the manifest lists other files")
	}
	return nil
}

// otherBundle checks a bundle.
func (k otherKeys) bundle(text []byte) error {
	files, err := otherUnzip(text)
	if err != nil {
		return err
	}
	if err := otherManifest(files); err != nil {
		return err
	}
	now, err := k.checkpoint(files["checkpoint"], true)
	if err != nil {
		return err
	}
	if err := k.bundleSince(files, now); err != nil {
		return err
	}
	events, err := otherEvents(files["events.jsonl"])
	if err != nil || len(events) == 0 {
		return fmt.Errorf("no events: %w", err)
	}
	known := 7 // MANIFEST, README, page, asked, events, decoded, checkpoint
	if files["consistency"] != nil {
		known += 2
	}
	for i, e := range events {
		leaf := files[fmt.Sprintf("leaves/%d", e.Seq)]
		if i > 0 && events[i-1].Seq >= e.Seq || !bytes.Equal(leaf, k.leaf(e)) {
			return fmt.Errorf("event %d is another", e.Seq)
		}
		n, path, note, err := otherProof(files[fmt.Sprintf("proofs/%d.tlog-proof", e.Seq)], "c2sp.org/tlog-proof@v1\nindex ")
		if err != nil || n != int64(e.Seq) || !bytes.Equal(note, files["checkpoint"]) {
			return fmt.Errorf("event %d has no proof: %w", e.Seq, err)
		}
		if err := otherIncluded(n, leaf, path, now); err != nil {
			return err
		}
	}
	if !bytes.Equal(files["decoded.jsonl"], otherDecoded(events)) {
		return errors.New("decoded otherwise")
	}
	if len(files) != known+2*len(events) {
		return errors.New("files that belong to no event")
	}
	return nil
}

func (k otherKeys) bundleSince(files map[string][]byte, now otherHead) error {
	var proven *otherHead
	if files["checkpoint.old"] != nil || files["consistency"] != nil {
		old, err := k.checkpoint(files["checkpoint.old"], false)
		if err != nil {
			return err
		}
		if strings.Count(string(files["checkpoint.old"]), "\n— ") != strings.Count(string(files["checkpoint.old"]), "\n— "+k.name+" ") {
			return errors.New("others signed the old checkpoint")
		}
		n, path, note, err := otherProof(files["consistency"], "old ")
		if err != nil || n != old.size || !bytes.Equal(note, files["checkpoint"]) {
			return fmt.Errorf("no proof of consistency: %w", err)
		}
		if err := otherConsistent(old, now, path); err != nil {
			return err
		}
		proven = &old
	}
	if k.since == nil {
		return nil
	}
	kept, err := k.checkpoint(k.since, false)
	if err != nil {
		return err
	}
	if kept != now && (proven == nil || *proven != kept) {
		return errors.New("nothing proves what was kept")
	}
	return nil
}

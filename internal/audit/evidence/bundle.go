package evidence

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

// The files of a bundle. Leaves and proofs have one each for every event.
const (
	checkpointFile  = "checkpoint"
	oldFile         = "checkpoint.old" // of the auditor's last visit
	consistencyFile = "consistency"    // the body of a request to a witness
	eventsFile      = "events.jsonl"   // stored bytes
	decodedFile     = "decoded.jsonl"  // the same to read
	askedFile       = "asked.txt"
	pageFile        = "index.html"
	readmeFile      = "README.txt"
)

func leafFile(seq uint64) string  { return "leaves/" + strconv.FormatUint(seq, 10) }
func proofFile(seq uint64) string { return "proofs/" + strconv.FormatUint(seq, 10) + ".tlog-proof" }

// EventsMax is how many events a bundle holds; for more there is the whole log.
const EventsMax = 10_000

// sizeMax is how large a bundle may be, in bytes.
const sizeMax = 1 << 30

// Bundle are the files of a bundle but the manifest.
type Bundle map[string][]byte

// Zip writes the bundle. The same files give the same bytes: nothing is compressed, nothing dated, and
// everything in order, so that who checks can tell every byte.
func (b Bundle) Zip() ([]byte, error) {
	m := manifest{}
	for name, content := range b {
		m.add(name, content)
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	if err := store(z, manifestFile, m.bytes()); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(b)) {
		if err := store(z, name, b[name]); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	return out.Bytes(), nil
}

// zipVersion is 2.0, which every program reads.
const zipVersion = 20

func store(z *zip.Writer, name string, content []byte) error {
	w, err := z.CreateRaw(&zip.FileHeader{Name: name, Method: zip.Store, CreatorVersion: zipVersion, ReaderVersion: zipVersion, CRC32: crc32.ChecksumIEEE(content),
		CompressedSize64: uint64(len(content)), UncompressedSize64: uint64(len(content))})
	if err == nil {
		_, err = w.Write(content)
	}
	if err != nil {
		return fmt.Errorf("bundle: %s: %w", name, err)
	}
	return nil
}

// unzip reads a bundle, held against its manifest.
func unzip(text []byte) (Bundle, error) {
	if len(text) > sizeMax {
		return nil, faultf(Unreadable, "", "%d bytes are more than any bundle has", len(text))
	}
	z, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		return nil, fault(Unreadable, "", err)
	}
	b := Bundle{}
	for _, f := range z.File {
		if f.Method != zip.Store || f.UncompressedSize64 > uint64(len(text)) {
			return nil, faultf(ContainerDiffers, f.Name, "it is compressed or too large")
		}
		content, err := readZipped(f)
		if err != nil {
			return nil, fault(Unreadable, f.Name, err)
		}
		if _, twice := b[f.Name]; twice {
			return nil, faultf(ContainerDiffers, f.Name, "it is there twice")
		}
		b[f.Name] = content
	}
	listed, there := b[manifestFile]
	if !there {
		return nil, faultf(Unreadable, manifestFile, "it isn't there")
	}
	delete(b, manifestFile)
	if err := b.held(listed); err != nil {
		return nil, err
	}
	if again, err := b.Zip(); err != nil || !bytes.Equal(again, text) {
		return nil, fault(ContainerDiffers, "", errors.Join(errors.New("the zip holds more than its files, or was written by another program"), err))
	}
	return b, nil
}

func readZipped(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(r)
	return content, errors.Join(err, r.Close())
}

// held compares files and manifest, both ways.
func (b Bundle) held(listed []byte) error {
	m, err := parseManifest(listed)
	if err != nil {
		return fault(ManifestDiffers, manifestFile, err)
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		content, there := b[name]
		if !there {
			return faultf(ManifestDiffers, name, "it is missing")
		}
		if err := m.check(name, content); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b)) {
		if _, listed := m[name]; !listed {
			return faultf(ManifestDiffers, name, "the manifest doesn't list it")
		}
	}
	return nil
}

// put adds an event with its leaf and its proof.
func (b Bundle) put(e proof.Event, leaf []byte, p proof.Inclusion) error {
	line, err := e.Line()
	if err != nil {
		return err
	}
	b[eventsFile] = append(b[eventsFile], line...)
	b[leafFile(e.Seq)], b[proofFile(e.Seq)] = leaf, p.Bytes()
	return nil
}

// Events is how many events are in the bundle.
func (b Bundle) Events() int { return bytes.Count(b[eventsFile], []byte("\n")) }

package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// wholeLog checks an exported log.
func (k otherKeys) wholeLog(files map[string][]byte) error {
	if err := otherManifest(files); err != nil {
		return err
	}
	now, err := k.checkpoint(files["checkpoint"], true)
	if err != nil {
		return err
	}
	var text []byte
	count := 2 // MANIFEST, checkpoint
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasPrefix(name, "events/") {
			if name != fmt.Sprintf("events/%012d.jsonl", (count-2)*10_000) {
				return errors.New("a file of events is missing")
			}
			text, count = append(text, files[name]...), count+1
		}
	}
	events, err := otherEvents(text)
	if err != nil || int64(len(events)) != now.size {
		return fmt.Errorf("%d events in a log of %d: %w", len(events), now.size, err)
	}
	var row [][32]byte
	var bundle []byte
	for i, e := range events {
		leaf := k.leaf(e)
		if e.Seq != uint64(i) {
			return errors.New("out of order")
		}
		row = append(row, hashLeaf(leaf))
		bundle = append(binary.BigEndian.AppendUint16(bundle, uint16(len(leaf))), leaf...)
		if i%256 == 255 || i == len(events)-1 {
			if !bytes.Equal(files[otherPath("entries", i/256, i%256+1)], bundle) {
				return fmt.Errorf("bundle %d is another", i/256)
			}
			bundle, count = nil, count+1
		}
	}
	if k.since != nil {
		kept, err := k.checkpoint(k.since, false)
		if err != nil {
			return err
		}
		if kept.size > now.size || otherRoot(row[:kept.size]) != kept.root {
			return errors.New("the log shrank or was rewritten")
		}
	}
	if otherRoot(row) != now.root {
		return errors.New("another root")
	}
	for level := 0; len(row) > 0; level++ {
		var above [][32]byte
		for n := 0; n*256 < len(row); n++ {
			part := row[n*256 : min(n*256+256, len(row))]
			if !bytes.Equal(files[otherPath(strconv.Itoa(level), n, len(part))], bytes.Join(flat(part), nil)) {
				return fmt.Errorf("tile %d of level %d is another", n, level)
			}
			if count++; len(part) == 256 {
				above = append(above, otherRoot(part))
			}
		}
		row = above
	}
	if count != len(files) {
		return errors.New("files that belong to no log")
	}
	return nil
}

func flat(hashes [][32]byte) (all [][]byte) {
	for _, h := range hashes {
		all = append(all, h[:])
	}
	return all
}

// otherRoot is RFC 6962 §2.1 over hashes of leaves.
func otherRoot(row [][32]byte) [32]byte {
	switch len(row) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return row[0]
	}
	k := 1
	for k*2 < len(row) {
		k *= 2
	}
	return hashNode(otherRoot(row[:k]), otherRoot(row[k:]))
}

func otherPath(level string, n, width int) string {
	path := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		path = fmt.Sprintf("x%03d/%s", n%1000, path)
	}
	if width < 256 {
		path += fmt.Sprintf(".p/%d", width)
	}
	return "tile/" + level + "/" + path
}

// otherUnzip reads a zip of stored files and writes it again: there is one way to write it.
func otherUnzip(text []byte) (map[string][]byte, error) {
	files := map[string][]byte{}
	var again, directory bytes.Buffer
	put := func(w *bytes.Buffer, values ...any) {
		for _, v := range values {
			_ = binary.Write(w, binary.LittleEndian, v) // a buffer takes everything
		}
	}
	rest := text
	last := ""
	for bytes.HasPrefix(rest, []byte("PK\x03\x04")) && len(rest) > 30 {
		size, length := int(binary.LittleEndian.Uint32(rest[18:])), int(binary.LittleEndian.Uint16(rest[26:]))
		if len(rest) < 30+length+size || size < 0 {
			return nil, errors.New("cut off")
		}
		name, content := string(rest[30:30+length]), rest[30+length:30+length+size]
		if files[name] != nil || name <= last && last != "MANIFEST" {
			return nil, errors.New("out of order")
		}
		files[name], last = content, name
		crc, offset := crc32.ChecksumIEEE(content), uint32(again.Len())
		fields := []any{uint16(20), [4]uint16{}, crc, uint32(size), uint32(size), uint16(length), uint16(0)}
		put(&again, append([]any{[]byte("PK\x03\x04")}, append(fields, []byte(name), content)...)...)
		put(&directory, append([]any{[]byte("PK\x01\x02"), uint16(20)}, append(fields, [4]uint16{}, [2]byte{}, offset, []byte(name))...)...)
		rest = rest[30+length+size:]
	}
	n, size, at := uint16(len(files)), uint32(directory.Len()), uint32(again.Len())
	again.Write(directory.Bytes())
	put(&again, []byte("PK\x05\x06"), uint32(0), n, n, size, at, uint16(0))
	if !bytes.Equal(again.Bytes(), text) {
		return nil, errors.New("more than its files")
	}
	return files, nil
}

package evidence

import (
	"archive/zip"
	"bytes"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A mutant is a bundle or an exported log that somebody altered. resealed says that the manifest was made
// anew, as by somebody who knows what they do; onlyPages that nothing but pages to read was altered then,
// which the independent verifier doesn't make anew.
type mutant struct {
	kind      string
	zip       []byte            // a bundle
	files     map[string][]byte // or a log
	onlyPages bool
}

// forger alters evidence. It knows the keys of the log too, and so has forks and older states, all signed.
type forger struct {
	*rand.Rand
	zip         []byte // of files, honest
	bundle, log map[string][]byte
	other       map[string]map[string][]byte // of forks and older states, by what they are
	otherZip    map[string][]byte
}

// pages are the files of a bundle that prove nothing.
var pages = []string{readmeFile, pageFile, askedFile}

func (f *forger) pick(files map[string][]byte) string {
	names := slices.Sorted(maps.Keys(files))
	return names[f.IntN(len(names))]
}

// ofKind picks a file of a kind, so that rare ones get their share.
func (f *forger) ofKind(files map[string][]byte) string {
	kinds := map[string][]string{}
	for name := range files {
		kind, _, _ := strings.Cut(name, "/")
		if kind == "tile" {
			kind = name[:7]
		}
		kinds[kind] = append(kinds[kind], name)
	}
	kind := slices.Sorted(maps.Keys(kinds))[f.IntN(len(kinds))]
	slices.Sort(kinds[kind])
	return kinds[kind][f.IntN(len(kinds[kind]))]
}

func (f *forger) flip(content []byte) []byte {
	if len(content) == 0 {
		return []byte{'x'}
	}
	altered := bytes.Clone(content)
	altered[f.IntN(len(altered))] ^= 1 << f.IntN(8)
	return altered
}

// swapLines puts two different lines in each other's place; false if all are the same.
func (f *forger) swapLines(text []byte) ([]byte, bool) {
	lines := bytes.SplitAfter(text, []byte("\n"))
	lines = lines[:len(lines)-1]
	if len(lines) < 2 {
		return nil, false
	}
	i, j := f.IntN(len(lines)), f.IntN(len(lines))
	if bytes.Equal(lines[i], lines[j]) {
		return nil, false
	}
	lines[i], lines[j] = lines[j], lines[i]
	return bytes.Join(lines, nil), true
}

func (f *forger) dropLine(text []byte) ([]byte, bool) {
	lines := bytes.SplitAfter(text, []byte("\n"))
	if len(lines) < 2 {
		return nil, false
	}
	i := f.IntN(len(lines) - 1)
	return bytes.Join(append(slices.Clone(lines[:i]), lines[i+1:]...), nil), true
}

// alter makes one alteration of files, and says what kind it is.
func (f *forger) alter(honest map[string][]byte, others map[string]map[string][]byte) (files map[string][]byte, kind string, touched []string) {
	for {
		files, touched = maps.Clone(honest), nil
		name := f.ofKind(files)
		ok := true
		switch kind = []string{"flip", "drop file", "truncate", "append", "swap files", "drop line", "swap lines", "of another state", "several of another state", "new file"}[f.IntN(10)]; kind {
		case "flip":
			files[name] = f.flip(files[name])
		case "drop file":
			delete(files, name)
		case "truncate":
			files[name] = files[name][:f.IntN(max(len(files[name]), 1))]
		case "append":
			files[name] = append(bytes.Clone(files[name]), byte(f.IntN(256)))
		case "swap files":
			with := f.ofKind(files)
			files[name], files[with] = files[with], files[name]
			touched = append(touched, with)
		case "drop line":
			files[name], ok = f.dropLine(files[name])
		case "swap lines":
			files[name], ok = f.swapLines(files[name])
		case "of another state":
			state := f.state(others)
			if content, there := others[state][name]; there {
				files[name], kind = content, "of "+state
			}
		case "several of another state":
			state := f.state(others)
			kind = "several of " + state
			for one, content := range others[state] {
				if f.IntN(2) == 0 && files[one] != nil && !bytes.Equal(files[one], content) {
					files[one], touched = content, append(touched, one)
				}
			}
		case "new file":
			name = "leaves/" + strconv.Itoa(f.IntN(1000)+2000)
			files[name] = honest[name+"0"]
		}
		if ok && !maps.EqualFunc(files, honest, bytes.Equal) {
			return files, kind, append(touched, name)
		}
	}
}

func (f *forger) state(others map[string]map[string][]byte) string {
	names := slices.Sorted(maps.Keys(others))
	return names[f.IntN(len(names))]
}

func seal(files map[string][]byte) map[string][]byte {
	list := manifest{}
	for name, content := range files {
		if name != manifestFile {
			list.add(name, content)
		}
	}
	files[manifestFile] = list.bytes()
	return files
}

// bundleMutant alters a bundle: its bytes, its files, or its files with a manifest made anew.
func (f *forger) bundleMutant(t testing.TB) mutant {
	switch f.IntN(5) {
	case 0:
		return mutant{kind: "zip: flip", zip: f.flip(f.zip)}
	case 1:
		if f.IntN(2) == 0 {
			return mutant{kind: "zip: truncate", zip: f.zip[:f.IntN(len(f.zip))]}
		}
		state := slices.Sorted(maps.Keys(f.otherZip))[f.IntN(len(f.otherZip))]
		return mutant{kind: "zip: all of " + state, zip: f.otherZip[state]}
	case 2:
		files, kind, _ := f.alter(f.bundle, f.other)
		return mutant{kind: "bundle: " + kind, zip: rawZip(t, files)}
	}
	files, kind, touched := f.alter(without(f.bundle), f.other)
	only := !slices.ContainsFunc(touched, func(name string) bool { return !slices.Contains(pages, name) })
	return mutant{kind: "resealed bundle: " + kind, zip: zipped(t, Bundle(files)), onlyPages: only}
}

// logMutant alters an exported log.
func (f *forger) logMutant(others map[string]map[string][]byte) mutant {
	if f.IntN(20) == 0 {
		state := f.state(others)
		return mutant{kind: "log: all of " + state, files: others[state]}
	}
	if f.IntN(3) == 0 {
		files, kind, _ := f.alter(f.log, others)
		return mutant{kind: "log: " + kind, files: files}
	}
	files, kind, _ := f.alter(without(f.log), others)
	return mutant{kind: "resealed log: " + kind, files: seal(files)}
}

func without(files map[string][]byte) map[string][]byte {
	files = maps.Clone(files)
	delete(files, manifestFile)
	return files
}

// rawZip stores files as they are, the manifest too.
func rawZip(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		require.NoError(t, store(z, name, files[name]))
	}
	require.NoError(t, z.Close())
	return out.Bytes()
}

// Ensure that every alteration of evidence is noticed, by the verifier and by the independent one.
// LEDGER_MUTANTS=10000 is the long form.
func TestVerify_NoticesEveryMutant(t *testing.T) {
	n := 400
	if text := os.Getenv("LEDGER_MUTANTS"); text != "" {
		var err error
		n, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	w, one, since := visited(t)
	f := &forger{Rand: rand.New(rand.NewPCG(11, 13)), other: map[string]map[string][]byte{}, otherZip: map[string][]byte{}}
	request := Request{Stream: "customer-p.3", Since: since}
	logs := map[string]map[string][]byte{}
	f.bundle = w.bundle(request)
	f.zip, f.log = zipped(t, f.bundle), w.export()
	f.bundle = seal(maps.Clone(f.bundle))
	for name, c := range map[string]struct {
		size    int
		changed map[int][]byte
	}{
		"a fork with an early event rewritten": {1000, map[int][]byte{164: []byte(`{"quantity":0}`)}},
		"a fork with a late event rewritten":   {1000, map[int][]byte{899: []byte(`{"quantity":0}`)}},
		"an older state":                       {550, nil},
	} {
		fork := newWorld(t, w.keys)
		fork.fill(0, c.size, c.changed)
		fork.sign(c.size)
		b := fork.bundle(Request{Stream: request.Stream})
		f.other[name], f.otherZip[name], logs[name] = b, zipped(t, b), fork.export()
	}
	check, other := checks(t, w.keys.VerifierKeys(), since, one), w.other(one, since)
	_, err := VerifyBundle(f.zip, check)
	require.NoError(t, err)
	_, err = VerifyLog(mapFS(f.log), check)
	require.NoError(t, err)
	require.NoError(t, other.bundle(f.zip))
	require.NoError(t, other.wholeLog(f.log))

	kinds, codes, both := map[string]int{}, map[Code]int{}, 0
	for i := 0; both < n; i++ { // those that alter nothing but pages come on top
		var m mutant
		var first, second error
		if i%2 == 0 {
			m = f.bundleMutant(t)
			_, first = VerifyBundle(m.zip, check)
			second = other.bundle(m.zip)
		} else {
			m = f.logMutant(logs)
			_, first = VerifyLog(mapFS(m.files), check)
			second = other.wholeLog(m.files)
		}
		require.Error(t, first, "mutant %d (%s) passes", i, m.kind)
		if !m.onlyPages {
			require.Error(t, second, "mutant %d (%s) passes the independent verifier; the other says %v", i, m.kind, first)
			both++
		}
		kinds[m.kind]++
		codes[code(t, first)]++
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		t.Logf("%6d  %s", kinds[kind], kind)
	}
	t.Logf("%d mutants noticed by both, none by one alone but such as alter nothing but pages to read; codes %v", both, codes)
}

package arch

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// place is a path of somebody's machine: a home, or a folder in which somebody works.
var place = regexp.MustCompile(`(^|[\s"'=(:,` + "`" + `])(/(root|home|Users|work)/[A-Za-z0-9_.-]+|[A-Z]:\\Users\\)`)

// ofContainers are homes that stand in everybody's containers.
var ofContainers = regexp.MustCompile(`/home/(nonroot|postgres)\b`)

// TestNothingOfTheMachine: what is written down here is read elsewhere, where such a path means nothing
// or something else.
func TestNothingOfTheMachine(t *testing.T) {
	check := func(name string, text []byte) {
		for _, found := range places(text) {
			t.Errorf("%s names %s, a place on somebody's machine", name, found)
		}
	}
	eachFile(t, check)
	files, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !f.Type().IsRegular() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		check(f.Name(), text)
	}
}

// places finds them in text; what holds a zero byte is none.
func places(text []byte) (found []string) {
	if bytes.IndexByte(text, 0) >= 0 {
		return nil
	}
	for _, line := range bytes.Split(text, []byte("\n")) {
		if m := place.Find(line); m != nil && !ofContainers.Match(m) {
			found = append(found, string(bytes.TrimLeft(m, " \t\"'=(:,`")))
		}
	}
	return found
}

// TestPlacesBite: the planted paths are put together here, or this file would break its own rule.
func TestPlacesBite(t *testing.T) {
	for text, breaks := range map[string]bool{
		"see /" + "work/shared/notes.md":      true,
		"open(\"/" + "root/.cache\")":         true,
		"DIR=/" + "home/somebody/ledger":      true,
		"(/" + "Users/somebody)":              true,
		"C:" + "\\Users\\somebody":            true,
		"/home/nonroot":                       false,
		"GET /v1/" + "work/7":                 false,
		"https://partner.example/home/x":      false,
		"/var/lib/ledger":                     false,
		"\x00\x01 /" + "root/somebody binary": false,
		"internal/workload":                   false,
	} {
		if found := places([]byte(text)); len(found) > 0 != breaks {
			t.Errorf("%q: found %v, want any: %t", text, found, breaks)
		}
	}
}

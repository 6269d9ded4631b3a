package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/partnerledger/partnerledger"

// root is the top of the module, as seen from here.
const root = "../.."

// folders are those of the module's top level that hold its code.
var folders = []string{"cmd", "domain", "eventstore", "internal", "projections"}

// source is one parsed Go file.
type source struct {
	path  string // within the module, with slashes
	lines int
	file  *ast.File
	set   *token.FileSet
}

func (s source) dir() string     { return path.Dir(s.path) }
func (s source) test() bool      { return strings.HasSuffix(s.path, "_test.go") }
func (s source) generated() bool { return ast.IsGenerated(s.file) }

// imports gives the paths that the file imports.
func (s source) imports() (paths []string) {
	for _, spec := range s.file.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

// at gives where in the file a node stands.
func (s source) at(n ast.Node) string {
	return s.path + ":" + strconv.Itoa(s.set.Position(n.Pos()).Line)
}

func parse(name string, text []byte) (source, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
	return source{path: name, lines: strings.Count(string(text), "\n"), file: file, set: set}, err
}

// eachFile visits every file of the module's folders; path is within the module.
func eachFile(t *testing.T, visit func(path string, text []byte)) {
	t.Helper()
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(root, folder), func(name string, entry fs.DirEntry, err error) error {
			if os.IsNotExist(err) {
				return nil // gone since its folder was listed
			}
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := os.ReadFile(name)
			if os.IsNotExist(err) {
				return nil
			}
			within, relErr := filepath.Rel(root, name)
			if err != nil || relErr != nil {
				return err
			}
			visit(filepath.ToSlash(within), text)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// sources parses every Go file of the module.
func sources(t *testing.T) (all []source) {
	t.Helper()
	eachFile(t, func(name string, text []byte) {
		if !strings.HasSuffix(name, ".go") || strings.Contains(name, "/testdata/") {
			return
		}
		s, err := parse(name, text)
		if err != nil {
			t.Error(err)
			return
		}
		all = append(all, s)
	})
	if len(all) < 50 {
		t.Fatalf("found %d Go files, so the module isn't where it was looked for", len(all))
	}
	return all
}

// rule says what is wrong with one file.
type rule func(source) []string

// holds fails the test for every fault that the rule finds in the module.
func holds(t *testing.T, r rule) {
	t.Helper()
	for _, s := range sources(t) {
		for _, fault := range r(s) {
			t.Error(fault)
		}
	}
}

// planted is a small source that keeps a rule or breaks it.
type planted struct {
	path, text string
	breaks     bool
}

// bites fails the test where the rule doesn't find what was planted, or finds what isn't there.
func bites(t *testing.T, r rule, all []planted) {
	t.Helper()
	for _, p := range all {
		s, err := parse(p.path, []byte(p.text))
		if err != nil {
			t.Fatal(err)
		}
		if faults := r(s); len(faults) > 0 != p.breaks {
			t.Errorf("%s: %q: breaks the rule: want %t, found %v", p.path, p.text, p.breaks, faults)
		}
	}
}

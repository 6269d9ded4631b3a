package vocabulary_test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
)

const golden = "testdata/events"

// TestTheStoredFormIsFrozen holds each event against the form in which it was stored first. UPDATE=1
// rewrites the files: only for a new event, never for one that a log may hold already.
func TestTheStoredFormIsFrozen(t *testing.T) {
	for _, e := range vocabulary.Events() {
		t.Run(e.EventType(), func(t *testing.T) {
			file := filepath.Join(golden, e.EventType()+".json")
			got := append(encode(t, e), '\n')
			if os.Getenv("UPDATE") == "1" {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(want, got) {
				t.Errorf("the stored form changed; stored were\n%s\nnow it would be\n%s", want, got)
			}
			decoded := reflect.New(reflect.TypeOf(e))
			if err := json.Unmarshal(want, decoded.Interface(), json.RejectUnknownMembers(true)); err != nil {
				t.Fatalf("what is stored can't be read: %v", err)
			}
			if again := encode(t, decoded.Elem().Interface()); !bytes.Equal(want[:len(want)-1], again) {
				t.Errorf("read and written again it is\n%s", again)
			}
		})
	}
}

// TestWhatIsAlwaysStored holds each event without any content against what was stored of it first: the
// members that stand there even when empty. The filled examples don't show which ones may be left out.
func TestWhatIsAlwaysStored(t *testing.T) {
	const file = "testdata/empty.json"
	empty := map[string]domain.Event{}
	for _, e := range vocabulary.Events() {
		empty[e.EventType()] = reflect.Zero(reflect.TypeOf(e)).Interface().(domain.Event)
	}
	got := append(encode(t, empty), '\n')
	if os.Getenv("UPDATE") == "1" {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("what is always stored changed; it was\n%s\nnow it would be\n%s", want, got)
	}
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	out, err := json.Marshal(v, jsontext.WithIndent("  "), json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNoStoredFormIsForgotten(t *testing.T) {
	files, err := os.ReadDir(golden)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(file.Name(), ".json")
		if _, known := vocabulary.EventNamed(name); !known {
			t.Errorf("%s was stored once, and no event has that name", name)
		}
	}
	if len(files) != len(vocabulary.Events()) {
		t.Errorf("%d stored forms for %d events: two have one name", len(files), len(vocabulary.Events()))
	}
}

// TestExamplesAreFilled: a field left zero could be dropped from the stored form without a test seeing it.
func TestExamplesAreFilled(t *testing.T) {
	for _, e := range vocabulary.Events() {
		for _, empty := range zeroFields(reflect.ValueOf(e), e.EventType()) {
			t.Errorf("the example leaves %s empty", empty)
		}
	}
}

func zeroFields(v reflect.Value, path string) (empty []string) {
	if v.Kind() != reflect.Struct || v.Type() == reflect.TypeFor[domain.Personal]() {
		if v.IsZero() && v.Kind() != reflect.Bool {
			return []string{path}
		}
		return nil
	}
	for i := range v.NumField() {
		empty = append(empty, zeroFields(v.Field(i), path+"."+v.Type().Field(i).Name)...)
	}
	return empty
}

// TestPersonalTextsStayOut looks for every personal text of the examples in their stored forms.
func TestPersonalTextsStayOut(t *testing.T) {
	sealed := 0
	for _, e := range vocabulary.Events() {
		stored := string(encode(t, e))
		texts := personalTexts(reflect.ValueOf(e))
		for _, text := range texts {
			if sealed++; text == "" || strings.Contains(stored, text) {
				t.Errorf("%s stores %q in clear", e.EventType(), text)
			}
		}
		if _, about := e.(domain.AboutPerson); len(texts) > 0 && !about {
			t.Errorf("%s holds personal texts and names no data subject", e.EventType())
		}
	}
	if sealed == 0 {
		t.Error("no example holds a personal text, so this test shows nothing")
	}
}

func personalTexts(v reflect.Value) (texts []string) {
	if v.Kind() != reflect.Struct {
		return nil
	}
	if p, ok := v.Interface().(domain.Personal); ok {
		return []string{p.Reveal()}
	}
	for i := range v.NumField() {
		texts = append(texts, personalTexts(v.Field(i))...)
	}
	return texts
}

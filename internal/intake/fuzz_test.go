package intake_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/partnerledger/partnerledger/internal/intake"
)

// telling is a text that can't stand in a sentence by chance.
var telling = regexp.MustCompile(`[^\s"]{12,}`)

// FuzzRead: no line makes the reader panic, and what is said of a fault quotes no text of the data.
func FuzzRead(f *testing.F) {
	r := newReader(f, true, now)
	for _, c := range faults {
		f.Add([]byte(c.line[:min(len(c.line), 4096)])) // long ones only slow it down
	}
	f.Add([]byte(good))
	f.Fuzz(func(t *testing.T, line []byte) {
		request, err := r.Read(line)
		if err == nil {
			if request.Command == nil || request.Digest == "" {
				t.Fatal("neither a command nor a fault")
			}
			return
		}
		fault, ok := errors.AsType[*intake.Fault](err)
		if !ok {
			t.Fatalf("a line made an error that is no fault: %v", err)
		}
		if fault.Code == "" || !utf8.ValidString(fault.Message) {
			t.Fatalf("code %q, message %q", fault.Code, fault.Message)
		}
		for _, text := range textsOfData(line) {
			if len(telling.FindString(text)) == len(text) && strings.Contains(fault.Message, text) && !strings.Contains(fault.Field, text) {
				t.Fatalf("the message quotes %q of the data: %s", text, fault.Message)
			}
		}
	})
}

// textsOfData are all texts below /data, as far as the line is JSON.
func textsOfData(line []byte) []string {
	var l struct {
		Data jsontext.Value `json:"data"`
	}
	var data any
	if json.Unmarshal(line, &l) != nil || json.Unmarshal(l.Data, &data) != nil {
		return nil
	}
	return texts(data, nil)
}

func texts(v any, found []string) []string {
	switch v := v.(type) {
	case string:
		return append(found, v)
	case []any:
		for _, item := range v {
			found = texts(item, found)
		}
	case map[string]any:
		for _, item := range v {
			found = texts(item, found)
		}
	}
	return found
}

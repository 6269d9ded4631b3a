package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/internal/workload"
)

// Canaries are values of which each is unique and begins with the same words, which stand nowhere else. So whatever
// holds the words, in whatever encoding, holds something that was said in confidence.
const canaryWords = "qZ7xCnryVb3K"

// canaries puts canaries in the place of personal texts.
type canaries struct {
	of    map[string]string // by what they stand for, so that what was said twice is the same again
	wrong int               // how many stand where nothing personal belongs
}

// confidentialFields are the names of fields that are personal wherever they are; a provider's own profile isn't.
var confidentialFields = map[string]bool{"resellerEmail": true, "message": true, "email": true, "addressLine1": true, "addressLine2": true,
	"firstName": true, "lastName": true, "phoneNumber": true}

func (c *canaries) instead(field, text string) string {
	known, ok := c.of[text]
	if !ok {
		known = fmt.Sprintf("%s%05d", canaryWords, len(c.of))
		switch before, at, mail := strings.Cut(text, "@"); {
		case field == "message":
			known = text + " " + known // the link stays in it
		case mail && !strings.Contains(before, " "):
			known += "@" + at // rules look at what follows
		case strings.ContainsAny(text, "@"):
			known = text
		}
		c.of[text] = known
	}
	return known
}

func (c *canaries) replace(v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if text, ok := value.(string); ok && confidentialFields[name] && text != "" {
				v[name] = c.instead(name, text)
			} else if name != "profile" {
				c.replace(value)
			}
		}
	case []any:
		for _, e := range v {
			c.replace(e)
		}
	}
}

// forms are the words in every usual encoding.
func canaryForms() map[string][]byte {
	utf := func(high bool) []byte {
		var out []byte
		for _, u := range utf16.Encode([]rune(canaryWords)) {
			if high {
				out = append(out, byte(u>>8), byte(u))
			} else {
				out = append(out, byte(u), byte(u>>8))
			}
		}
		return out
	}
	each := func(form string) []byte {
		var out []byte
		for _, b := range []byte(canaryWords) {
			out = fmt.Appendf(out, form, b)
		}
		return out
	}
	forms := map[string][]byte{"utf-8": []byte(canaryWords), "lower case": []byte(strings.ToLower(canaryWords)), "upper case": []byte(strings.ToUpper(canaryWords)),
		"utf-16 le": utf(false), "utf-16 be": utf(true), "hex": []byte(hex.EncodeToString([]byte(canaryWords))), "HEX": []byte(strings.ToUpper(hex.EncodeToString([]byte(canaryWords)))),
		"percent": each("%%%02X"), "percent lower": each("%%%02x"), `\u`: each(`\u%04x`), `\U`: each(`\u%04X`), `\x`: each(`\x%02x`)}
	for offset := range 3 {
		for name, encoding := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
			// What stands before and after changes the characters at the edges.
			whole := encoding.EncodeToString([]byte(strings.Repeat("\x00", offset) + canaryWords))
			first, last := (offset*8+5)/6, (offset+len(canaryWords))*8/6
			forms[name+" "+strconv.Itoa(offset)] = []byte(whole[first:last])
		}
	}
	return forms
}

// requireNoCanary searches a text.
func requireNoCanary(t *testing.T, where string, text []byte) {
	t.Helper()
	for name, form := range canaryForms() {
		at := bytes.Index(text, form)
		require.Negative(t, at, "a canary stands in %s, as %s: %q", where, name, text[max(0, at-80):max(0, min(len(text), at+80))])
	}
}

// Ensure the search finds the words in each encoding, whatever stands around them.
func TestCanaryForms(t *testing.T) {
	require.Len(t, canaryForms(), 18)
	for offset := range 3 {
		text := []byte(strings.Repeat("a", offset) + canaryWords + "00001@x.example")
		for name, encoded := range map[string]string{"base64": base64.StdEncoding.EncodeToString(text), "base64url": base64.URLEncoding.EncodeToString(text)} {
			require.Contains(t, encoded, string(canaryForms()[name+" "+strconv.Itoa(offset)]))
		}
	}
}

// said is a workload with canaries in it, and lines that nobody can read with canaries where they don't belong.
func (c *canaries) said(t *testing.T, wanted int) (workloadLines []byte, unreadable []string) {
	t.Helper()
	size := workload.Tiny
	if wanted > 200 {
		size = workload.Small
	}
	var raw, out bytes.Buffer
	_, err := workload.Generate(t.Context(), workload.Options{Seed: 7, Size: size, EdgeCases: true}, &raw)
	require.NoError(t, err)
	types := map[string]bool{}
	for line := range bytes.Lines(raw.Bytes()) {
		var command map[string]any
		require.NoError(t, json.Unmarshal(line, &command))
		kind := command["type"].(string)
		if !types[kind] {
			types[kind] = true
			unreadable = append(unreadable, c.misplaced(t, command)...)
		}
		if len(c.of) < wanted || size == workload.Tiny {
			c.replace(command["data"])
			text, err := json.Marshal(command)
			require.NoError(t, err)
			out.Write(append(text, '\n'))
		}
	}
	require.Len(t, types, len(vocabulary.Commands()), "every command is said")
	require.GreaterOrEqual(t, len(c.of), wanted)
	return out.Bytes(), unreadable
}

// misplaced are versions of a command that can't be read, with a canary each.
func (c *canaries) misplaced(t *testing.T, command map[string]any) (lines []string) {
	t.Helper()
	say := func(name string, value any) {
		c.wrong++
		changed := map[string]any{}
		for k, v := range command {
			changed[k] = v
		}
		changed["commandId"] = uuid.NewString()
		changed[name] = value
		text, err := json.Marshal(changed)
		require.NoError(t, err)
		lines = append(lines, string(text))
	}
	canary := fmt.Sprintf("%sw%05d", canaryWords, c.wrong)
	say("data", map[string]any{"providerTenantId": canary})
	say("data", map[string]any{canary: true})
	say("data", []any{canary})
	say("at", canary)
	say("expect", map[string]any{canary: canary})
	say("comment", canary)
	return append(lines, `{"type":"`+canary, canary)
}

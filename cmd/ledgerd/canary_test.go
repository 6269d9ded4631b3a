package main

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/client"
	"github.com/partnerledger/partnerledger/internal/seal"
	"github.com/partnerledger/partnerledger/internal/submission"
	"github.com/partnerledger/partnerledger/internal/wire"
	"github.com/partnerledger/partnerledger/internal/workload"
)

// Canaries are values of which each is unique and begins with the same words, which stand nowhere else. So whatever
// holds the words, in whatever encoding, holds something that was said in confidence.
const canaryWords = "qZ7xCnryVb3K"

// heapDump names the file into which a daemon of these tests dumps its heap when it gets SIGUSR1.
const heapDump = "LEDGERD_TEST_HEAP"

// dumpWhenAsked does so: what lives, after garbage was collected often enough to empty all pools.
func dumpWhenAsked() {
	name := os.Getenv(heapDump)
	if name == "" {
		return
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	go func() {
		<-asked
		for range 4 {
			runtime.GC()
		}
		debug.FreeOSMemory()
		file, err := os.Create(name + ".part")
		if err == nil {
			debug.WriteHeapDump(file.Fd())
			err = file.Close()
		}
		if err == nil {
			err = os.Rename(name+".part", name)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "heap dump:", err)
		}
	}()
}

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

// Ensure that whatever is said in confidence, in every command, in refused and unreadable ones too, stands nowhere:
// not in the files of the event log, the feed, the read models, the journal and the keys, not in the log, metrics,
// exports and answers to those who didn't say who they are, and not in memory once it was dealt with. And that
// after a customer's contacts were erased, no copy of the key store from before opens anything of theirs together
// with today's master key, nor the other way round. LEDGER_CANARIES=1000 says how many; a few otherwise.
func TestCanaries(t *testing.T) {
	wanted, err := strconv.Atoi(cmp.Or(os.Getenv("LEDGER_CANARIES"), "50"))
	require.NoError(t, err)
	c := &canaries{of: map[string]string{}}
	lines, unreadable := c.said(t, wanted)
	data, heap := t.TempDir(), filepath.Join(t.TempDir(), "heap")
	t.Setenv(heapDump, heap)
	d := launch(t, data, "--log-level", "debug")
	address, ok := <-d.address
	require.True(t, ok, "%s", &d.stderr)

	summary, err := submission.Run(t.Context(), d.client, bytes.NewReader(lines), submission.Options{ID: client.RandomSubmission(), Expect: true, Quiet: true})
	require.NoError(t, err)
	require.NoError(t, summary.Fault(), "canaries change no decision")
	for _, line := range unreadable {
		demand(t, http.MethodPost, address+"/v1/commands", line)
	}
	require.NoError(t, d.client.Document(t.Context(), "/v1/requests", map[string][]string{"atLeast": {summary.Position}}, new(any)))
	for _, target := range []string{"/metrics", "/v1/requests?state=all&limit=1000", "/v1/requests?state=all&format=csv", "/v1/customers?limit=1000", "/v1/customers?format=csv",
		"/v1/timeline?limit=1000", "/v1/timeline?format=csv", "/v1/activity?limit=1000", "/v1/activity?format=csv", "/v1/submissions", "/v1/status", "/v1/resellers",
		"/v1/state?reader=ann@auditor.example", "/v1/support-contacts", "/v1/privileges", "/v1/erasures?state=all", "/v1/analytics", "/docs", "/openapi.json"} {
		status, body := demand(t, http.MethodGet, address+target, "")
		require.Equal(t, http.StatusOK, status, target)
		requireNoCanary(t, target, body)
	}
	_, shown := demand(t, http.MethodGet, address+"/v1/requests?state=all&limit=1000&"+reading, "")
	require.Contains(t, string(shown), canaryWords, "they are there for those who may see them")
	_, shown = demand(t, http.MethodGet, address+"/v1/state", "")
	require.NotEmpty(t, shown)

	d.client.CloseIdle()
	require.NoError(t, d.command.Process.Signal(syscall.SIGUSR1))
	require.Eventually(t, func() bool { _, err := os.Stat(heap); return err == nil }, 2*time.Minute, 10*time.Millisecond)
	dump, err := os.ReadFile(heap)
	require.NoError(t, err)
	require.Contains(t, string(dump), "PartnershipRequested", "this is how things are found in it")
	requireNoCanary(t, "the heap", dump)
	d.stop()
	requireNoCanary(t, "the log", d.stderr.Bytes())
	requireNoCanaryFiles(t, data)

	backup := t.TempDir()
	require.NoError(t, os.CopyFS(backup, os.DirFS(filepath.Join(data, "keys"))))
	forgetEverybody(t, data)
	requireNoCanaryFiles(t, data)
	requireGone(t, data, backup)
}

func demand(t *testing.T, method, target, body string) (int, []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	require.NoError(t, err)
	request.Close = true // nothing of it stays in a buffer
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, text
}

// requireNoCanaryFiles searches all files of a daemon that has ended.
func requireNoCanaryFiles(t *testing.T, data string) {
	t.Helper()
	seen := map[string]bool{}
	require.NoError(t, filepath.WalkDir(data, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(name)
		requireNoCanary(t, name, content)
		inside, _, _ := strings.Cut(strings.TrimPrefix(name, data+string(filepath.Separator)), string(filepath.Separator))
		seen[inside] = seen[inside] || len(content) > 0
		return err
	}))
	for _, part := range []string{"eventstore", "nats", "readmodels.db", "journal.db", "keys"} {
		require.True(t, seen[part], "%s was searched", part)
	}
}

// forgetEverybody erases the contacts of all customers, two people each.
func forgetEverybody(t *testing.T, data string) {
	t.Helper()
	t.Run("forget", func(t *testing.T) {
		d := startWith(t, func(c *config) { c.Data = data }, "--allow-history")
		erased := 0
		for row, err := range d.client.Rows(t.Context(), "/v1/customers", nil) {
			require.NoError(t, err)
			var of struct{ ProviderTenantID, CustomerTenantID string }
			require.NoError(t, json.Unmarshal(row, &of, json.MatchCaseInsensitiveNames(true)))
			issuer := wire.Issuer{UserPrincipalName: "kim@provider.example", TenantID: of.ProviderTenantID, Role: "AdminAgent"}
			asked, err := d.client.RequestErasure(t.Context(), wire.ErasureRequest{Issuer: issuer, ProviderTenantID: of.ProviderTenantID, CustomerTenantID: of.CustomerTenantID, Reason: "test"})
			require.NoError(t, err)
			issuer.UserPrincipalName = "lee@provider.example"
			_, err = d.client.AnswerErasure(t.Context(), "approve", asked.CommandID, wire.ErasureAnswer{Issuer: issuer, ProviderTenantID: of.ProviderTenantID, CustomerTenantID: of.CustomerTenantID})
			require.NoError(t, err)
			erased++
		}
		require.Positive(t, erased)
	})
}

// openings is a Sealer that opens what it can, and counts it by whom it is about.
type openings struct {
	*seal.Keys
	opened map[string]int
}

func (c openings) Open(subject, binding, sealed string) (string, error) {
	clear, err := c.Keys.Open(subject, binding, sealed)
	if err != nil {
		return "", eventstore.ErrForgotten
	}
	kind, _, _ := strings.Cut(subject, "-")
	c.opened[kind]++
	return clear, nil
}

// requireGone tries every sealed text of the log with every mixture of today's keys and those of a backup.
func requireGone(t *testing.T, data, backup string) {
	t.Helper()
	today := filepath.Join(data, "keys")
	for name, mix := range map[string]struct{ keys, master string }{"today's keys": {today, today}, "a backup of the keys": {backup, today},
		"a backup of the master key": {today, backup}, "a backup of both": {backup, backup}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, from := range map[string]string{"keys.db": mix.keys, "master.key": mix.master} {
				content, err := os.ReadFile(filepath.Join(from, file))
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(filepath.Join(dir, file), content, 0o600))
			}
			keys, err := seal.Open(dir)
			require.NoError(t, err)
			defer keys.Close()
			opened := openings{keys, map[string]int{}}
			codec := eventstore.NewCodec(vocabulary.Events(), opened)
			d, stop := startAlone(t, func(c *config) { c.Data = data }, "--allow-history")
			for _, r := range d.recorded() {
				_, meta, err := codec.Decode(r)
				require.NoError(t, err)
				if _, err = codec.DecodeCommand(r, meta); err != nil {
					require.ErrorIs(t, err, eventstore.ErrNoCommandData)
				}
			}
			require.NoError(t, stop())
			require.Positive(t, opened.opened["partnershiprequest"], "others can still be read")
			if mix.keys == mix.master && mix.keys == backup {
				require.Positive(t, opened.opened["customer"], "against a copy of both only destroying it helps")
			} else {
				require.Zero(t, opened.opened["customer"])
			}
		})
	}
}

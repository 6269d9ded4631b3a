package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/internal/wire"
)

// enroll is a command that is accepted once for each tenant, with a canary in its data: no answer to a
// faulty line and no line of the log may repeat it.
func enroll(tenant string) string {
	return `{"commandId":"` + uuid.NewString() + `","type":"EnrollReseller","actor":{"userPrincipalName":"feed@reference.example",` +
		`"tenantId":"00000000-0000-4000-8000-000000000000","role":"ReferenceFeed"},"data":{"resellerTenantId":"` + tenant + `","name":"Canary Networks","country":"DE","region":"Europe"}}`
}

func anyone() string { return enroll(uuid.NewString()) }

func change(line, old, with string) string {
	if !strings.Contains(line, old) {
		panic("the line has no " + old)
	}
	return strings.Replace(line, old, with, 1)
}

// unreadable are lines that can't be read, and what is said of each; internal/intake tests many more.
func unreadable() []struct{ name, line, code, field string } {
	return []struct{ name, line, code, field string }{
		{"not JSON", `canary`, "not-json", ""},
		{"truncated", anyone()[:200], "not-json", "/actor/role"},
		{"two objects", anyone() + anyone(), "not-json", ""},
		{"duplicate key", change(anyone(), `"name":`, `"name":"Canary","name":`), "not-json", "/data/name"},
		{"invalid UTF-8", change(anyone(), "Canary", "Canary\xff"), "not-json", "/data/name"},
		{"unknown command", change(anyone(), "EnrollReseller", "EnrolReseller"), "unknown-command", "/type"},
		{"unknown top-level field", change(anyone(), `"type"`, `"kind":"canary","type"`), "unknown-field", "/kind"},
		{"unknown data field", change(anyone(), `"name"`, `"title":"Canary","name"`), "unknown-field", "/data/title"},
		{"missing field", change(anyone(), `"country":"DE",`, ``), "missing-field", "/data/country"},
		{"null", change(anyone(), `"Canary Networks"`, `null`), "wrong-type", "/data/name"},
		{"wrong type", change(anyone(), `"Canary Networks"`, `["Canary"]`), "wrong-type", "/data/name"},
		{"wrong UUID", enroll("canary"), "invalid-field", "/data/resellerTenantId"},
		{"upper-case UUID", enroll(strings.ToUpper(uuid.NewString())), "invalid-field", "/data/resellerTenantId"},
		{"upper-case command id", strings.Replace(anyone(), `"commandId":"`, `"commandId":"ABCDEFAB`, 1), "invalid-field", "/commandId"},
		{"future", change(anyone(), `"type"`, `"at":"2999-01-01T00:00:00Z","type"`), "time-in-future", "/at"},
		{"past", change(anyone(), `"type"`, `"at":"2021-01-01T00:00:00Z","type"`), "history-not-allowed", "/at"},
		{"ten megabytes", change(anyone(), "Canary", strings.Repeat("Canary", 10<<20/6)), "line-too-long", ""},
		{"an immense number", change(anyone(), `"Canary Networks"`, `1e999999`), "invalid-field", "/data/name"},
	}
}

// Ensure a line that can't be read is refused clearly and writes nothing anywhere, as one of many and alone.
func TestUnreadableLinesWriteNothing(t *testing.T) {
	d := start(t)
	require.Equal(t, http.StatusOK, d.one(anyone()).status)
	head, counts := d.head(), d.onRecord()
	for _, c := range unreadable() {
		t.Run(c.name, func(t *testing.T) {
			answers := d.many(c.line + "\n")
			require.Len(t, answers, 1)
			a := answers[0]
			require.Equal(t, fmt.Sprint(wire.Refused, " ", c.code, " ", c.field), fmt.Sprint(a.Status, " ", a.Code, " ", a.Field), a.Message)
			require.Empty(t, a.Position)
			require.Regexp(t, `^[A-Z].*\.$`, a.Message)

			p := d.one(c.line).problem(t)
			require.Equal(t, c.code+" "+c.field, p.Code+" "+p.Field)
			require.Equal(t, map[bool]int{true: http.StatusRequestEntityTooLarge, false: http.StatusBadRequest}[c.code == "line-too-long"], p.Status)
			for _, said := range []string{a.Message, p.Detail, p.Title} {
				require.NotContains(t, strings.ToLower(said), "canary")
			}
		})
	}
	require.Equal(t, head, d.head(), "the log has not changed")
	require.Equal(t, counts, d.onRecord(), "nothing was put on record")
	require.NotContains(t, strings.ToLower(d.logged.all()), "canary", "the daemon's log repeats personal data")
}

// Ensure the rest of the stream goes on behind a line that can't be read, and each answer has its line's number.
func TestStreamGoesOn(t *testing.T) {
	d := start(t)
	var body strings.Builder
	var want []string
	line := 0
	say := func(text, outcome string) {
		body.WriteString(text + "\n")
		if line++; outcome != "" {
			want = append(want, fmt.Sprint(line, " ", outcome))
		}
	}
	for _, c := range unreadable() {
		say(c.line, "refused "+c.code)
		say("", "")
		say(anyone(), "accepted ")
		say(" \r", "")
	}
	body.WriteString(anyone()) // without an end
	want = append(want, fmt.Sprint(line+1, " accepted "))
	var got []string
	for _, a := range d.many(body.String()) {
		got = append(got, fmt.Sprint(a.Line, " ", a.Status, " ", a.Code))
	}
	require.Equal(t, want, got)
	counts := d.onRecord()
	require.EqualValues(t, len(unreadable())+1, counts.Commands)
	require.EqualValues(t, counts.Commands, counts.Accepted)
}

// Ensure who may not say a command is refused by a rule: a fact, on record, with a position.
func TestWrongRoleAndTenant(t *testing.T) {
	d := start(t)
	role := change(anyone(), `"ReferenceFeed"`, `"Auditor"`)
	p := d.one(role).problem(t)
	assert.Equal(t, http.StatusForbidden, p.Status)
	assert.Equal(t, "role-not-permitted", p.Code)
	assert.NotEmpty(t, p.Position)
	assert.Equal(t, "refused", p.Title)

	request := `{"commandId":"` + uuid.NewString() + `","type":"WithdrawPartnershipRequest","actor":{"userPrincipalName":"agent@provider.example","tenantId":"` + uuid.NewString() +
		`","role":"AdminAgent"},"data":{"requestId":"` + uuid.NewString() + `","providerTenantId":"` + uuid.NewString() + `"}}`
	p = d.one(request).problem(t)
	assert.Equal(t, http.StatusForbidden, p.Status)
	assert.Equal(t, "wrong-tenant", p.Code)
	assert.EqualValues(t, 2, d.onRecord().Refused)
	found := d.get("/v1/activity?code=wrong-tenant&atLeast=" + p.Position).page(t)
	require.Len(t, found.Items, 1)
}

// Ensure a command alone is answered with its outcome: as such when accepted, as a problem otherwise, and as
// the first time when it is said again.
func TestSingleCommand(t *testing.T) {
	d := start(t)
	command := anyone()
	r := d.one(command)
	first := r.answer(t)
	assert.Equal(t, wire.Accepted, first.Status)
	assert.Equal(t, first.Position, r.header.Get("Ledger-Position"))
	assert.NotEmpty(t, first.EventIDs)
	assert.False(t, first.Repeated)

	again := d.one(" \n" + command + "\n").answer(t)
	assert.True(t, again.Repeated)
	again.Repeated = false
	assert.Equal(t, first, again)

	reused := d.one(change(command, "Canary", "Another")).problem(t)
	assert.Equal(t, http.StatusConflict, reused.Status)
	assert.Equal(t, "command-id-reused", reused.Code)

	refused := d.one(change(command, command[14:50], uuid.NewString())).problem(t)
	assert.Equal(t, http.StatusUnprocessableEntity, refused.Status)
	assert.Equal(t, "reseller-already-enrolled", refused.Code)
	assert.NotEmpty(t, refused.Detail)

	empty := d.one("").problem(t)
	assert.Equal(t, http.StatusBadRequest, empty.Status)
	assert.Equal(t, "not-json", empty.Code)
}

// Ensure whoever asks with the position of an answer sees what the command did, at once.
func TestReadYourWrite(t *testing.T) {
	d := start(t)
	for range 20 {
		tenant := uuid.NewString()
		a := d.one(enroll(tenant)).answer(t)
		page := d.get("/v1/timeline?reseller=" + tenant + "&atLeast=" + a.Position).page(t)
		require.Len(t, page.Items, 1)
		require.Contains(t, string(page.Items[0]), a.EventIDs[0])
	}
}

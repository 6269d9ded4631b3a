package intake_test

import (
	"bufio"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/internal/intake"
)

// now is the present of these tests.
var now = time.Date(2021, 4, 1, 0, 0, 0, 0, time.UTC)

func newReader(t testing.TB, history bool, now time.Time) *intake.Reader {
	t.Helper()
	r, err := intake.NewReader(intake.Options{AllowHistory: history, Now: func() time.Time { return now }, Digest: func(b []byte) string { return string(b) }})
	require.NoError(t, err)
	return r
}

// good is a line with personal data of every kind: its canaries must not come back in what is said of a fault.
const good = `{"commandId":"00000000-0000-4000-8000-00000000100c","type":"AddCustomer","at":"2021-04-01T00:00:00Z",` +
	`"actor":{"userPrincipalName":"agent@provider.example","tenantId":"00000000-0000-4000-8000-000000000010","role":"AdminAgent"},` +
	`"data":{"providerTenantId":"00000000-0000-4000-8000-000000000010","customerTenantId":"00000000-0000-4000-8000-00000000000c",` +
	`"company":{"name":"Canary Company"},"domain":"canary.onmicrosoft.com",` +
	`"billing":{"email":"canary@customer.example","culture":"de-DE","language":"de","address":{"addressLine1":"Canary Street 1","city":"Canaryville","postalCode":"10115","country":"DE","firstName":"Canary","lastName":"Canarysson"}},` +
	`"agreement":{"contact":{"firstName":"Canary","lastName":"Canarysson","email":"canary@customer.example","phoneNumber":"+49 canary"},"dateAgreed":"2021-04-01","templateId":"00000000-0000-4000-8000-000000000117"},` +
	`"order":{"orderId":"order-1","lines":[{"subscriptionId":"00000000-0000-4000-8000-000000000051","offerId":"5e0b1c2a-0000-4a00-8000-000000000002","offerName":"Office","quantity":10,"termDuration":"P1Y","billingCycle":"monthly","mpnId":"2000001"}]}}}`

// swap exchanges a part of the good line.
func swap(old, with string) string {
	if strings.Count(good, old) == 0 {
		panic("the good line has no " + old)
	}
	return strings.Replace(good, old, with, 1)
}

// fault is one way of being wrong, and what must be said of it.
type fault struct{ name, line, code, field string }

var faults = []fault{
	{"nothing", ``, intake.NotJSON, ""},
	{"not JSON", `canary`, intake.NotJSON, ""},
	{"truncated", good[:len(good)-40], intake.NotJSON, "/data/order/lines/0"},
	{"truncated text", good[:strings.Index(good, "Canaryville")+6], intake.NotJSON, "/data/billing/address/city"},
	{"an array", `[` + good + `]`, intake.WrongType, ""},
	{"a text", `"canary"`, intake.WrongType, ""},
	{"null", `null`, intake.MissingField, "/commandId"},
	{"two objects", good + good, intake.NotJSON, ""},
	{"a text behind", good + ` canary`, intake.NotJSON, ""},
	{"duplicate top-level field", swap(`"type"`, `"type":"AddCustomer","type"`), intake.NotJSON, "/type"},
	{"duplicate data field", swap(`"city":`, `"city":"Canary","city":`), intake.NotJSON, "/data/billing/address/city"},
	{"invalid UTF-8", swap("Canary Company", "Canary \xff\xfe"), intake.NotJSON, "/data/company/name"},
	{"half a surrogate", swap("Canary Company", `Canary \ud800`), intake.NotJSON, "/data/company/name"},
	{"a control character", swap("Canary Company", "Canary\x01"), intake.NotJSON, "/data/company/name"},
	{"a wrong escape", swap("Canary Company", `\canary`), intake.NotJSON, "/data/company/name"},
	{"unknown top-level field", swap(`"type"`, `"kind":"canary","type"`), intake.UnknownField, "/kind"},
	{"unknown actor field", swap(`"role"`, `"name":"Canary","role"`), intake.UnknownField, "/actor/name"},
	{"unknown data field", swap(`"city"`, `"town":"Canary","city"`), intake.UnknownField, "/data/billing/address/town"},
	{"other case", swap(`"domain"`, `"Domain"`), intake.UnknownField, "/data/Domain"},
	{"no command id", swap(`"commandId":"00000000-0000-4000-8000-00000000100c",`, ``), intake.MissingField, "/commandId"},
	{"upper-case command id", swap(`00000000100c`, `00000000100C`), intake.InvalidField, "/commandId"},
	{"command id in braces", swap(`00000000-0000-4000-8000-00000000100c`, `{00000000-0000-4000-8000-00000000100c}`), intake.InvalidField, "/commandId"},
	{"command id that is a number", swap(`"00000000-0000-4000-8000-00000000100c"`, `17`), intake.WrongType, "/commandId"},
	{"no type", swap(`"type":"AddCustomer",`, ``), intake.MissingField, "/type"},
	{"type null", swap(`"AddCustomer"`, `null`), intake.MissingField, "/type"},
	{"unknown command", swap(`"AddCustomer"`, `"DropCustomer"`), intake.UnknownCommand, "/type"},
	{"a definition that is no command", swap(`"AddCustomer"`, `"uuid"`), intake.UnknownCommand, "/type"},
	{"no actor", strings.Replace(good, good[strings.Index(good, `"actor"`):strings.Index(good, `"data"`)], "", 1), intake.MissingField, "/actor"},
	{"actor without a role", swap(`,"role":"AdminAgent"`, ``), intake.MissingField, "/actor/role"},
	{"unknown role", swap(`AdminAgent`, `Owner`), intake.InvalidField, "/actor/role"},
	{"actor without a name", swap(`"userPrincipalName":"agent@provider.example",`, ``), intake.MissingField, "/actor/userPrincipalName"},
	{"actor with a short name", swap(`agent@provider.example`, `öö`), intake.InvalidField, "/actor/userPrincipalName"},
	{"actor with a long name", swap(`agent@provider.example`, strings.Repeat("canary", 50)), intake.InvalidField, "/actor/userPrincipalName"},
	{"actor without a tenant", swap(`"tenantId":"00000000-0000-4000-8000-000000000010",`, ``), intake.MissingField, "/actor/tenantId"},
	{"actor of a wrong tenant id", swap(`"tenantId":"00000000-0000-4000-8000-000000000010"`, `"tenantId":"canary"`), intake.InvalidField, "/actor/tenantId"},
	{"no data", good[:strings.Index(good, `,"data"`)] + `}`, intake.MissingField, "/data"},
	{"data null", good[:strings.Index(good, `"data"`)] + `"data":null}`, intake.WrongType, "/data"},
	{"data a text", good[:strings.Index(good, `"data"`)] + `"data":"canary"}`, intake.WrongType, "/data"},
	{"missing field", swap(`"domain":"canary.onmicrosoft.com",`, ``), intake.MissingField, "/data/domain"},
	{"missing fields: always the same one", good[:strings.Index(good, `"data"`)] + `"data":{}}`, intake.MissingField, "/data/billing"},
	{"field null", swap(`"canary.onmicrosoft.com"`, `null`), intake.WrongType, "/data/domain"},
	{"optional field null", swap(`"order":{`, `"resellerTenantId":null,"order":{`), intake.WrongType, "/data/resellerTenantId"},
	{"text for a number", swap(`"quantity":10`, `"quantity":"canary"`), intake.WrongType, "/data/order/lines/0/quantity"},
	{"number for a text", swap(`"Canaryville"`, `17`), intake.WrongType, "/data/billing/address/city"},
	{"fraction", swap(`"quantity":10`, `"quantity":10.5`), intake.WrongType, "/data/order/lines/0/quantity"},
	{"below zero", swap(`"quantity":10`, `"quantity":-1`), intake.InvalidField, "/data/order/lines/0/quantity"},
	{"too many", swap(`"quantity":10`, `"quantity":10000001`), intake.InvalidField, "/data/order/lines/0/quantity"},
	{"beyond every number", swap(`"quantity":10`, `"quantity":1e999999`), intake.InvalidField, "/data/order/lines/0/quantity"},
	{"too small for every number", swap(`"quantity":10`, `"quantity":1E-999999`), intake.InvalidField, "/data/order/lines/0/quantity"},
	{"a number of a million digits", swap(`"quantity":10`, `"quantity":`+strings.Repeat("1", 1_000_000)), intake.InvalidField, "/data/order/lines/0/quantity"},
	{"immense where nothing is known", swap(`"city"`, `"town":[1e1000],"city"`), intake.InvalidField, "/data/billing/address/town/0"},
	{"a large exponent", swap(`"quantity":10`, `"quantity":1e99`), intake.InvalidField, "/data/order/lines/0/quantity"},
	{"upper-case tenant", swap(`00000000000c"`, `00000000000C"`), intake.InvalidField, "/data/customerTenantId"},
	{"no tenant", swap(`00000000-0000-4000-8000-00000000000c`, `canary`), intake.InvalidField, "/data/customerTenantId"},
	{"text too short", swap(`"firstName":"Canary"`, `"firstName":""`), intake.InvalidField, "/data/billing/address/firstName"},
	{"text too long", swap(`"firstName":"Canary"`, `"firstName":"`+strings.Repeat("Canary", 10)+`"`), intake.InvalidField, "/data/billing/address/firstName"},
	{"none of a list", swap(`"P1Y"`, `"canary"`), intake.InvalidField, "/data/order/lines/0/termDuration"},
	{"no date", swap(`"dateAgreed":"2021-04-01"`, `"dateAgreed":"2021-02-30"`), intake.InvalidField, "/data/agreement/dateAgreed"},
	{"two faults: always the same one", strings.Replace(swap(`"Canaryville"`, `17`), `"DE","firstName"`, `"canary","firstName"`, 1), intake.WrongType, "/data/billing/address/city"},
	{"time null", swap(`"2021-04-01T00:00:00Z"`, `null`), intake.InvalidField, "/at"},
	{"time with an offset", swap(`T00:00:00Z`, `T00:00:00+00:00`), intake.InvalidField, "/at"},
	{"time with microseconds", swap(`T00:00:00Z`, `T00:00:00.000001Z`), intake.InvalidField, "/at"},
	{"no time", swap(`2021-04-01T00:00:00Z`, `2021-04-31T00:00:00Z`), intake.InvalidField, "/at"},
	{"time that is a number", swap(`"2021-04-01T00:00:00Z"`, `1617235200000`), intake.InvalidField, "/at"},
	{"future", swap(`2021-04-01T00:00:00Z`, `2021-04-01T00:00:05.001Z`), intake.TimeInFuture, "/at"},
	{"past", swap(`2021-04-01T00:00:00Z`, `2021-03-31T23:54:59.999Z`), intake.HistoryNotAllowed, "/at"},
}

// Ensure whatever can't be read is told apart by a stable code, names the culprit, and repeats nothing of
// the data. Every fault is looked at several times: the library underneath looks in random order.
func TestFaults(t *testing.T) {
	r := newReader(t, false, now)
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			for range 8 {
				request, err := r.Read([]byte(f.line))
				var said *intake.Fault
				require.ErrorAs(t, err, &said)
				require.Equal(t, f.code+" "+f.field, said.Code+" "+said.Field, said.Message)
				assert.NotContains(t, strings.ToLower(said.Message), "canary")
				assert.Regexp(t, `^[A-Z].*\.$`, said.Message, "a sentence")
				assert.Nil(t, request.Command)
			}
		})
	}
}

func TestGoodLineIsRead(t *testing.T) {
	request, err := newReader(t, false, now).Read([]byte(good))
	require.NoError(t, err)
	require.Equal(t, "AddCustomer", request.Command.CommandType())
	require.Equal(t, domain.CommandID("00000000-0000-4000-8000-00000000100c"), request.ID)
	require.False(t, request.History, "without the right to import, the present is meant")
}

// Ensure an unreadable line is answered under its id wherever the id can be read, so that the sender finds it.
func TestFaultsKeepTheID(t *testing.T) {
	for _, line := range []string{swap(`"AddCustomer"`, `"Nothing"`), swap(`"domain"`, `"domains"`), swap(`:10,`, `:"ten",`)} {
		request, err := newReader(t, true, now).Read([]byte(line))
		require.Error(t, err)
		require.Equal(t, domain.CommandID("00000000-0000-4000-8000-00000000100c"), request.ID)
	}
}

// Ensure the clock is the ledger's own, unless history is imported, with tolerance for clocks that differ.
func TestTimes(t *testing.T) {
	present := domain.InstantOf(now)
	for _, c := range []struct {
		name, at string
		history  bool
		want     domain.Instant
		imported bool
	}{
		{"none", "", false, present, false},
		{"none while importing", "", true, present, false},
		{"a little ahead", "2021-04-01T00:00:05Z", false, present, false},
		{"a little behind", "2021-03-31T23:55:00Z", false, present, false},
		{"long ago while importing", "2001-01-01T00:00:00.5Z", true, domain.InstantOf(time.Date(2001, 1, 1, 0, 0, 0, 5e8, time.UTC)), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			line := swap(`"at":"2021-04-01T00:00:00Z",`, ``)
			if c.at != "" {
				line = swap(`2021-04-01T00:00:00Z`, c.at)
			}
			request, err := newReader(t, c.history, now).Read([]byte(line))
			require.NoError(t, err)
			require.Equal(t, c.want, request.At)
			require.Equal(t, c.imported, request.History)
		})
	}
}

// Ensure the digest covers what makes a command the same, type, actor and data, and nothing else: not the
// time, not what a checker expects, not how the JSON is written.
func TestDigest(t *testing.T) {
	r := newReader(t, true, now)
	digest := func(line string) string {
		request, err := r.Read([]byte(line))
		require.NoError(t, err)
		return request.Digest
	}
	same := digest(good)
	assert.Equal(t, same, digest(swap(`2021-04-01T00:00:00Z`, `2020-04-01T00:00:00Z`)))
	assert.Equal(t, same, digest(swap(`{"commandId"`, ` { "expect" : {"refused":"domain-taken"} , "commandId"`)))
	assert.Equal(t, same, digest(swap(`"culture":"de-DE","language":"de"`, `"language":"\u0064e","culture":"de-DE"`)))
	assert.NotEqual(t, same, digest(swap(`"role":"AdminAgent"`, `"role":"SalesAgent"`)))
	assert.NotEqual(t, same, digest(swap(`"quantity":10`, `"quantity":11`)))
	assert.NotEqual(t, same, digest(swap(`Canary Company`, `Another Company`)))
}

// Ensure every line of a workload can be read, the ones that are refused later too.
func TestWorkloadIsReadable(t *testing.T) {
	file, err := os.Open("../workload/testdata/tiny.jsonl")
	require.NoError(t, err)
	defer file.Close()
	r, types := newReader(t, true, time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)), map[string]bool{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		request, err := r.Read(lines.Bytes())
		require.NoError(t, err, lines.Text())
		types[request.Command.CommandType()] = true
	}
	require.NoError(t, lines.Err())
	require.Len(t, types, len(vocabulary.Commands()), "the workload has every command")
}

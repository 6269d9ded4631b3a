package main

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/access"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/esdbnode"
	"github.com/partnerledger/partnerledger/internal/natsnode"
	"github.com/partnerledger/partnerledger/internal/wire"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
)

// The customer of expected-example/example.jsonl, and what is readable of its contacts.
const (
	exampleProvider = "00000000-0000-4000-8000-000000000010"
	exampleCustomer = "00000000-0000-4000-8000-00000000000c"
	exampleSubject  = "customer-" + exampleProvider + "." + exampleCustomer
	exampleContact  = "billing@customer.example"
)

// forgetContact is the command, with an at or without.
func forgetContact(at string) string {
	return `{"commandId":"` + uuid.NewString() + `","type":"ForgetContact",` + at + `"actor":{"userPrincipalName":"agent@provider.example","tenantId":"` + exampleProvider +
		`","role":"AdminAgent"},"data":{"providerTenantId":"` + exampleProvider + `","customerTenantId":"` + exampleCustomer + `","reason":"asked for it"}}`
}

const inThePast = `"at":"2021-06-01T00:00:00Z",`

func by(user string) wire.Issuer {
	return wire.Issuer{UserPrincipalName: user, TenantID: exampleProvider, Role: string(domain.AdminAgent)}
}

// Ensure ForgetContact said today only asks for the erasure, which another user has to approve, and that a legal
// hold keeps even the import of an old one from erasing.
func TestErasure_TakesTwo(t *testing.T) {
	d := start(t, "--allow-history")
	d.play("expected-example/example.jsonl", 0)
	hold := wire.HoldOrder{Issuer: by("kim@provider.example"), ProviderTenantID: exampleProvider, CustomerTenantID: exampleCustomer, Reason: "claim 17"}
	asked := d.one(forgetContact("")).answer(t)
	require.Len(t, asked.EventIDs, 1)
	require.Contains(t, d.readable(exampleSubject), exampleContact)

	_, err := d.client.OrderHold(t.Context(), "place", "h1", hold)
	require.NoError(t, err)
	require.Equal(t, "under-legal-hold", d.one(forgetContact("")).problem(t).Code)
	answer := wire.ErasureAnswer{Issuer: by("lee@provider.example"), ProviderTenantID: exampleProvider, CustomerTenantID: exampleCustomer}
	_, err = d.client.AnswerErasure(t.Context(), "approve", asked.CommandID, answer)
	requireCode(t, err, "under-legal-hold")
	_, err = d.client.OrderHold(t.Context(), "lift", "h1", hold)
	require.NoError(t, err)

	answer.Issuer = by("agent@provider.example")
	_, err = d.client.AnswerErasure(t.Context(), "approve", asked.CommandID, answer)
	requireCode(t, err, "approver-is-requester")
	answer.Issuer = by("lee@provider.example")
	answer.Role = string(domain.GlobalAdmin)
	answer.TenantID = exampleCustomer
	_, err = d.client.AnswerErasure(t.Context(), "approve", asked.CommandID, answer)
	requireCode(t, err, "wrong-tenant")
	require.Contains(t, d.readable(exampleSubject), exampleContact)

	answer.TenantID, answer.CommandID = exampleProvider, uuid.NewString()
	done, err := d.client.AnswerErasure(t.Context(), "approve", asked.CommandID, answer)
	require.NoError(t, err)
	require.Len(t, done.EventIDs, 2)
	require.Empty(t, d.readable(exampleSubject))
	again, err := d.client.AnswerErasure(t.Context(), "approve", asked.CommandID, answer)
	require.NoError(t, err)
	require.True(t, again.Repeated, "the same command id is answered as the first time")
	require.Contains(t, d.get("/v1/customers?atLeast="+done.Position).body, `"contactForgottenAt"`)
}

func requireCode(t *testing.T, err error, code string) {
	t.Helper()
	problem, ok := errors.AsType[*wire.Problem](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, code, problem.Code, problem.Detail)
}

// Ensure an import of history that erases is refused while the data is held, however old it says it is.
func TestErasure_HistoryUnderHold(t *testing.T) {
	d := start(t, "--allow-history")
	d.play("expected-example/example.jsonl", 0)
	hold := wire.HoldOrder{Issuer: by("kim@provider.example"), ProviderTenantID: exampleProvider, Reason: "claim 17"}
	_, err := d.client.OrderHold(t.Context(), "place", "all", hold)
	require.NoError(t, err)
	require.Equal(t, "under-legal-hold", d.one(forgetContact(inThePast)).problem(t).Code)
	require.Contains(t, d.readable(exampleSubject), exampleContact)
	_, err = d.client.OrderHold(t.Context(), "lift", "all", hold)
	require.NoError(t, err)
	d.one(forgetContact(inThePast)).answer(t)
	require.Empty(t, d.readable(exampleSubject))
}

// Ensure keys that a backup brings back are destroyed again before the API answers, whichever part of them it was,
// and that others can still be read.
func TestErasure_RestoredKeys(t *testing.T) {
	data, backup := t.TempDir(), t.TempDir()
	keys := filepath.Join(data, "keys")
	daemon := func(name string, what func(t *testing.T, d *inside)) {
		t.Run(name, func(t *testing.T) {
			what(t, startWith(t, func(c *config) { c.Data = data }, "--allow-history"))
		})
	}
	var others []string
	daemon("before", func(t *testing.T, d *inside) {
		d.play("expected-example/example.jsonl", 0)
		d.request()
		require.Contains(t, d.readable(exampleSubject), exampleContact)
		others = d.readable("partnershiprequest-")
	})
	require.NoError(t, os.CopyFS(backup, os.DirFS(keys)))
	daemon("forget", func(t *testing.T, d *inside) {
		d.one(forgetContact(inThePast)).answer(t)
		require.Empty(t, d.readable(exampleSubject))
	})
	for _, files := range [][]string{{"keys.db"}, {"master.key"}, {"keys.db", "master.key"}} {
		for _, name := range files {
			content, err := os.ReadFile(filepath.Join(backup, name))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(keys, name), content, 0o600))
		}
		daemon("restored "+strings.Join(files, " and "), func(t *testing.T, d *inside) {
			require.Empty(t, d.readable(exampleSubject))
			require.Equal(t, others, d.readable("partnershiprequest-"))
			require.Contains(t, d.get("/v1/requests?state=all&"+reading).body, requestAddress)
		})
	}
}

// reads are the reads of personal texts on record.
func (d *inside) reads() (found []access.PersonalDataRead) {
	d.t.Helper()
	codec := eventstore.NewCodec(vocabulary.Events(), nil)
	for _, r := range d.recorded() {
		if fact, meta, err := codec.Decode(r); err == nil && r.Type == "PersonalDataRead" {
			require.Equal(d.t, "ann@auditor.example Auditor", meta.Actor.UserPrincipalName+" "+string(meta.Actor.Role))
			found = append(found, fact.(access.PersonalDataRead))
		}
	}
	return found
}

// Ensure personal texts are shown to named people alone, who say why, and that it is on record by then.
func TestReveal(t *testing.T) {
	d := start(t, "--allow-history")
	d.play("expected-example/example.jsonl", 0)
	d.request()
	for _, target := range []string{"/v1/requests?state=all", "/v1/requests?state=all&format=csv", "/v1/state", "/v1/state?reader=ann@auditor.example"} {
		body := d.get(target).body
		require.NotContains(t, body, requestAddress, target)
		require.Contains(t, body, "[personal]", target)
	}
	for target, code := range map[string]string{
		"/v1/requests?state=all&reveal=true&reason=audit":                                                           "reader-missing",
		"/v1/requests?state=all&" + strings.Replace(reading, "reason=audit+of+May", "reason=+", 1):                  "reason-missing",
		"/v1/state?" + strings.Replace(reading, "readerTenant=00000000-0000-4000-8000-0000000000aa&", "", 1):        "reader-missing",
		"/v1/requests?state=all&format=csv&" + strings.Replace(reading, "reader=ann@auditor.example", "reader=", 1): "reader-missing",
	} {
		r := d.get(target)
		require.Equal(t, http.StatusUnprocessableEntity, r.status, target)
		require.Contains(t, r.body, code, target)
		require.NotContains(t, r.body, requestAddress, target)
	}
	require.Empty(t, d.reads())
	for n, target := range []string{"/v1/requests?request=" + requestID + "&" + reading, "/v1/requests?state=all&limit=1&format=csv&" + reading, "/v1/state?" + reading} {
		require.NotContains(t, d.get(target).body, "[personal]", target)
		require.Len(t, d.reads(), n+1, target)
		read := d.reads()[n]
		assert.Equal(t, "audit of May", read.Reason)
		assert.Positive(t, read.Subjects)
		assert.Contains(t, read.What, "e-mail addresses")
	}
	require.NoError(t, d.models.Wait(t.Context(), d.head()))
	require.Contains(t, d.get("/v1/timeline?type=PersonalDataRead").body, "personal data read, of 1 data subjects")
	require.Contains(t, d.get("/v1/activity?command=RecordRead").body, "ann@auditor.example")
	require.Empty(t, d.get("/v1/requests?state=all&asOf=2001-01-01T00:00:00Z&"+reading).page(t).Items)
	require.Len(t, d.reads(), 3, "where nothing is shown there is nothing to record")
}

// Ensure nothing is shown that can't be put on record.
func TestReveal_NotWithoutTheLog(t *testing.T) {
	node, err := esdbnode.Start(t.Context(), esdbnode.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	l, stop := startAlone(t, func(*config) {}, "--allow-history", "--eventstore", node.ConnectionString())
	t.Cleanup(func() { require.NoError(t, stop()) })
	l.play("expected-example/example.jsonl", 0)
	l.request()
	target := "/v1/requests?request=" + requestID
	require.Contains(t, l.get(target+"&"+reading).body, requestAddress)
	require.NoError(t, node.Close())
	r := l.get(target + "&" + reading)
	require.Equal(t, http.StatusServiceUnavailable, r.status, r.body)
	require.Contains(t, r.body, `"code":"unavailable"`)
	require.NotContains(t, r.body, requestAddress)
	require.Contains(t, l.get(target).body, "[personal]", "what isn't personal is still answered")
}

// Ensure two processes with the API agree on the keys in PostgreSQL: what one seals the other reads, and whom one
// forgets is forgotten in the other.
func TestErasure_TwoAPIs(t *testing.T) {
	server := os.Getenv(sqldbtest.Variable)
	if server == "" {
		return // the runs with PostgreSQL name one
	}
	node, err := esdbnode.Start(t.Context(), esdbnode.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, node.Close()) })
	feed, err := natsnode.Start(natsnode.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(feed.Close)
	database := sqldbtest.Postgres(t)
	shared := []string{"--allow-history", "--eventstore", node.ConnectionString(), "--nats", feed.ClientURL(), "--database", database,
		"--keys", database, "--master-key", filepath.Join(t.TempDir(), "master.key")}
	a := start(t, append(shared, "--run", "api,relay,projector")...)
	b := start(t, append(shared, "--run", "api")...)

	a.play("expected-example/example.jsonl", 0)
	a.request()
	require.Contains(t, b.readable(exampleSubject), exampleContact)
	require.Contains(t, b.get("/v1/requests?request="+requestID+"&"+reading).body, requestAddress)
	a.one(forgetContact(inThePast)).answer(t)
	require.Empty(t, a.readable(exampleSubject))
	require.Eventually(t, func() bool { return len(b.readable(exampleSubject)) == 0 }, 30*time.Second, 10*time.Millisecond)

	// What comes after is sealed anew, by whichever process, and read by both.
	b.one(`{"commandId":"` + uuid.NewString() + `","type":"ConfirmCustomerAgreement","actor":{"userPrincipalName":"agent@provider.example","tenantId":"` + exampleProvider +
		`","role":"AdminAgent"},"data":{"providerTenantId":"` + exampleProvider + `","customerTenantId":"` + exampleCustomer + `","contact":{"firstName":"Nova","lastName":"Newman",` +
		`"email":"nova@customer.example"},"dateAgreed":"2021-06-02","templateId":"117a77b0-9360-443b-8795-c6dedc750cf9"}}`).answer(t)
	require.Contains(t, a.readable(exampleSubject), "nova@customer.example")
	require.NotContains(t, a.readable(exampleSubject), exampleContact)
}

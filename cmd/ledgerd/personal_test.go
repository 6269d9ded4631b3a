package main

import (
	"bytes"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
)

// Ensure the address of a request is shown to whoever may see it, and says that it was erased once the
// person was forgotten; in the state as well, and whatever the form of the answer.
func TestForgottenRequest(t *testing.T) {
	d := start(t, "--allow-history")
	d.play("expected-example/example.jsonl", 0)
	const id, address = requestID, requestAddress
	d.request()
	require.Contains(t, d.get("/v1/state").body, "[personal]", "nobody says who reads")
	require.NotContains(t, d.get("/v1/state").body, address)
	asked := []string{"/v1/requests?asOf=2021-06-01T00:00:00Z&" + reading, "/v1/requests?state=all&format=csv&" + reading, "/v1/requests?request=" + id + "&" + reading,
		"/v1/state?" + reading}
	for _, target := range asked {
		require.Contains(t, d.get(target).body, address, target)
		require.NotContains(t, d.get(target).body, "[erased]")
	}
	eraseInvitee(t, d.client, exampleProvider, id)
	require.NoError(t, d.models.Wait(t.Context(), d.head()))
	require.Empty(t, d.readable(partnership.RequestStream(id).String()), "it can still be read")
	require.Empty(t, d.filesWith(address))
	require.Contains(t, d.get("/v1/erasures?state=all&request="+id).body, `"state":"approved"`)
	require.Contains(t, d.get("/v1/timeline?request="+id+"&type=InviteeForgotten").body, "personal data of the request erased")
	for _, target := range asked {
		assert.NotContains(t, d.get(target).body, address, target)
		assert.Contains(t, d.get(target).body, "[erased]", target)
	}
}

// reading says who reads personal texts, and why.
const reading = "reveal=true&reader=ann@auditor.example&readerTenant=00000000-0000-4000-8000-0000000000aa&reason=audit+of+May"

const requestID, requestAddress = "7d9ad7b6-2ef8-4f24-b0a1-3d1f4ee54a20", "canary@reseller.example"

// request sends a partnership request to somebody whose address stands nowhere else.
func (d *inside) request() {
	d.t.Helper()
	a := d.one(`{"commandId":"7d9ad7b6-2ef8-4f24-b0a1-3d1f4ee54a21","type":"RequestPartnership","at":"2021-05-31T00:00:00Z","actor":{"userPrincipalName":"agent@provider.example",` +
		`"tenantId":"00000000-0000-4000-8000-000000000010","role":"AdminAgent"},"data":{"providerTenantId":"00000000-0000-4000-8000-000000000010","requestId":"` + requestID +
		`","resellerEmail":"` + requestAddress + `","message":"Join us: https://partner.example/indirect-resellers/accept?provider=00000000-0000-4000-8000-000000000010&token=example"}}`).answer(d.t)
	require.NoError(d.t, d.client.Document(d.t.Context(), "/v1/requests", url.Values{"atLeast": {a.Position}}, new(any)))
}

// Ensure ForgetContact leaves nothing that anybody could read: not through the codec, which holds the keys,
// not in any file; and that the log's bytes stay as they were.
func TestForgetContact(t *testing.T) {
	const subject = "customer-00000000-0000-4000-8000-000000000010.00000000-0000-4000-8000-00000000000c"
	d := start(t, "--allow-history")
	d.play("expected-example/example.jsonl", 0)
	d.request()
	before := d.recorded()
	require.Contains(t, d.readable(subject), "billing@customer.example")
	require.Contains(t, d.readable(subject), "Arden")
	others := d.readable("partnershiprequest-")
	require.NotEmpty(t, others)

	a := d.one(`{"commandId":"7d9ad7b6-2ef8-4f24-b0a1-3d1f4ee54a01","type":"ForgetContact","at":"2021-06-01T00:00:00Z","actor":{"userPrincipalName":"agent@provider.example",` +
		`"tenantId":"00000000-0000-4000-8000-000000000010","role":"AdminAgent"},"data":{"providerTenantId":"00000000-0000-4000-8000-000000000010",` +
		`"customerTenantId":"00000000-0000-4000-8000-00000000000c","reason":"asked for it"}}`).answer(t)
	require.Empty(t, d.readable(subject), "a contact can still be read")
	require.Equal(t, others, d.readable("partnershiprequest-"), "others were forgotten too")
	require.Equal(t, before, d.recorded()[:len(before)], "the log was changed")
	require.Contains(t, d.get("/v1/customers?atLeast="+a.Position).body, `"contactForgottenAt":"2021-06-01T00:00:00Z"`)

	for _, personal := range []string{"billing@customer.example", "ada@customer.example", "Arden", "Street 1", requestAddress, "Join us"} {
		assert.Empty(t, d.filesWith(personal), "%s stands in clear on the disk", personal)
		assert.NotContains(t, d.logged.all(), personal)
	}
	require.NotEmpty(t, d.filesWith("Example Customer"), "this is how things are found that are not personal")
}

func (d *inside) recorded() (all []eventstore.Recorded) {
	d.t.Helper()
	for r, err := range d.store.ReadAll(d.t.Context(), eventstore.Beginning) {
		require.NoError(d.t, err)
		all = append(all, r)
	}
	return all
}

// readable are the personal texts of data subjects that the holder of the keys can read in the log.
func (d *inside) readable(subject string) (found []string) {
	d.t.Helper()
	codec := eventstore.NewCodec(vocabulary.Events(), d.keys)
	for _, r := range d.recorded() {
		fact, _, err := codec.Decode(r)
		require.NoError(d.t, err)
		if about, ok := fact.(domain.AboutPerson); ok && strings.HasPrefix(about.DataSubject(), subject) {
			found = personal(reflect.ValueOf(fact), found)
		}
	}
	return found
}

// personal gathers what of the personal texts within v is readable.
func personal(v reflect.Value, found []string) []string {
	if p, ok := v.Interface().(domain.Personal); ok {
		if p.Reveal() != "" {
			found = append(found, p.Reveal())
		}
		return found
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			found = personal(v.Elem(), found)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				found = personal(v.Field(i), found)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			found = personal(v.Index(i), found)
		}
	}
	return found
}

// filesWith are the files of the data directory that hold the text.
func (d *inside) filesWith(text string) (names []string) {
	d.t.Helper()
	require.NoError(d.t, filepath.WalkDir(d.config.Data, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(name)
		if bytes.Contains(content, []byte(text)) {
			names = append(names, name)
		}
		return err
	}))
	return names
}

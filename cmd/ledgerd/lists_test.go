package main

import (
	"encoding/csv"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// listed are the paths of all lists, by the API's own description: whoever adds one has it tested here.
func (d *inside) listed() (paths []string) {
	d.t.Helper()
	var doc struct {
		Paths map[string]struct {
			Get *struct{ Parameters []struct{ Name string } }
		}
	}
	text, err := d.api.OpenAPI()
	require.NoError(d.t, err)
	require.NoError(d.t, json.Unmarshal(text, &doc, json.MatchCaseInsensitiveNames(true)))
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		if get := doc.Paths[path].Get; get != nil && slices.ContainsFunc(get.Parameters, func(p struct{ Name string }) bool { return p.Name == "limit" }) {
			paths = append(paths, path)
		}
	}
	return paths
}

// defaults are what lists are asked with, so that they have something to show, and are done soon.
var defaults = map[string]url.Values{
	"/v1/requests":   {"state": {"all"}},
	"/v1/analytics":  {"toMonth": {"2022-03"}},
	"/v1/credit":     {"month": {"2022-01"}, "by": {"subscription"}},
	"/v1/uncredited": {"month": {"2022-01"}, "by": {"customer"}},
	"/v1/diff":       {"from": {"2021-07-01T00:00:00Z"}, "entity": {"customer"}},
}

func (d *inside) everything(path string, more ...string) []jsontext.Value {
	d.t.Helper()
	q := url.Values{"limit": {"1000"}}
	maps.Copy(q, defaults[path])
	page := d.get(path + "?" + q.Encode() + strings.Join(more, "")).page(d.t)
	require.Empty(d.t, page.Next)
	return page.Items
}

// nobodyHas are lists of what isn't in this part of the workload.
var nobodyHas = []string{"/v1/orphaned-credit", "/v1/former-resellers", "/v1/erasures", "/v1/legal-holds"}

// vendors are the headings of the timeline's CSV that are the vendor's own, and the fields below them.
var vendors = map[string]string{"Date-Time": "at", "Affected customer": "company", "Action": "type", "Partner user": "user"}

// TestLists asks each list in every way in which it can be asked, of one ledger with a part of the workload.
func TestLists(t *testing.T) {
	d := start(t, "--allow-history")
	d.play("tiny.jsonl", 330)
	paths := d.listed()
	require.GreaterOrEqual(t, len(paths), 16)
	for _, path := range paths {
		t.Run(path, func(t *testing.T) {
			all := d.everything(path)
			if !slices.Contains(nobodyHas, path) {
				require.NotEmpty(t, all)
			}
			for limit := 1; limit <= 3; limit++ {
				d.pagesAreTheWhole(t, path, limit, all)
			}
			d.tableIsTheSame(t, path, all)
			d.reflectsAndReads(t, path)
		})
	}
}

// pagesAreTheWhole turns pages, no more than so many of a long list, and finds the rows of the list as a whole.
func (d *inside) pagesAreTheWhole(t *testing.T, path string, limit int, all []jsontext.Value) {
	t.Helper()
	const pagesMax = 60
	q := url.Values{"limit": {strconv.Itoa(limit)}}
	maps.Copy(q, defaults[path])
	var rows []jsontext.Value
	for range pagesMax {
		r := d.get(path + "?" + q.Encode())
		page := r.page(t)
		require.Equal(t, page.Next, r.header.Get("Ledger-Next"))
		require.LessOrEqual(t, len(page.Items), limit)
		rows = append(rows, page.Items...)
		if page.Next == "" {
			require.Equal(t, len(all), len(rows), "limit %d ends early", limit)
			break
		}
		require.Len(t, page.Items, limit, "a page that isn't the last is full")
		q.Set("after", page.Next)
	}
	require.Equal(t, texts(all[:len(rows)]), texts(rows))
}

// tableIsTheSame compares the CSV with the JSON, cell by cell, however CSV is asked for.
func (d *inside) tableIsTheSame(t *testing.T, path string, all []jsontext.Value) {
	t.Helper()
	q := url.Values{"limit": {"1000"}, "format": {"csv"}}
	maps.Copy(q, defaults[path])
	r := d.get(path + "?" + q.Encode())
	require.Equal(t, 200, r.status)
	require.Equal(t, "text/csv", r.header.Get("Content-Type"))
	require.NotEmpty(t, r.header.Get("Ledger-Position"))
	q.Del("format")
	require.Equal(t, r.body, d.get(path+"?"+q.Encode(), "Accept", "text/csv").body)

	records, err := csv.NewReader(strings.NewReader(r.body)).ReadAll()
	require.NoError(t, err)
	require.Len(t, records, len(all)+1)
	for i, row := range all {
		var fields map[string]jsontext.Value
		require.NoError(t, json.Unmarshal(row, &fields))
		for c, name := range records[0] {
			if own, ok := vendors[name]; ok && path == "/v1/timeline" {
				name = own
			}
			require.Equal(t, plain(t, fields[name]), records[i+1][c], "%s of row %d", name, i)
			delete(fields, name)
		}
		require.Empty(t, fields, "fields that the CSV has no column for")
	}
}

// plain is how a value stands in a cell.
func plain(t *testing.T, v jsontext.Value) string {
	t.Helper()
	if v == nil || v.Kind() == 'n' {
		return ""
	}
	if v.Kind() != '"' {
		return string(v)
	}
	var text string
	require.NoError(t, json.Unmarshal(v, &text))
	if text != "" && strings.ContainsAny(text[:1], "=+-@\t\r") { // a sheet would take it for a formula
		return "'" + text
	}
	return text
}

// reflectsAndReads: each list says what it reflects, and refuses a cursor that another list gave.
func (d *inside) reflectsAndReads(t *testing.T, path string) {
	t.Helper()
	asked := defaults[path].Encode()
	page := d.get(path + "?limit=1&atLeast=" + strconv.FormatInt(int64(d.head()), 10) + "&" + asked).page(t)
	assert.Equal(t, strconv.FormatInt(int64(d.head()), 10), page.Position)
	assert.Regexp(t, `^20\d\d-.*Z$`, page.Reflects)
	for _, cursor := range []string{"nonsense", "-1", "WyIxIiwyLDMsNCw1LDYsNyw4XQ", "bnVsbA"} {
		p := d.get(path + "?after=" + cursor + "&" + asked).problem(t)
		assert.Equal(t, 422, p.Status, cursor)
		assert.Equal(t, "The page cursor is not one of this list; begin again without it.", p.Detail)
	}
	if path == "/v1/diff" { // which is asked of two instants, not of one
		return
	}
	past := d.get(path + "?asOf=2001-01-01T00:00:00Z").page(t)
	assert.Equal(t, "2001-01-01T00:00:00Z", past.AsOf)
	if path != "/v1/submissions" { // which are of the ledger's own time
		assert.Empty(t, past.Items, "before there was anything")
	}
}

func texts(rows []jsontext.Value) (all []string) {
	for _, row := range rows {
		all = append(all, string(row))
	}
	return all
}

// Ensure the other reading of a removed partnership is another answer, also after a correction.
func TestPolicies(t *testing.T) {
	d := start(t, "--allow-history")
	d.play("expected-example/removal-of-b.jsonl", 0)
	keep, closed := d.everything("/v1/reseller-of-record"), d.everything("/v1/reseller-of-record", "&policy=close")
	require.Equal(t, texts(keep), texts(d.everything("/v1/reseller-of-record", "&policy=keep")))
	require.NotEqual(t, texts(keep), texts(closed))
	require.NotEmpty(t, d.everything("/v1/orphaned-credit", "&asOf=2021-04-28T00:00:00Z"))
	require.Empty(t, d.everything("/v1/orphaned-credit", "&asOf=2021-04-28T00:00:00Z&policy=close"))
}

// Ensure one thing can be asked for by its id, as it is or was, and what isn't there is not found.
func TestDetails(t *testing.T) {
	d := start(t, "--allow-history")
	d.play("expected-example/correction.jsonl", 0)
	const customer = "00000000-0000-4000-8000-000000000010/00000000-0000-4000-8000-00000000000c"
	r := d.get("/v1/customers/" + customer)
	require.Equal(t, 200, r.status, r.body)
	assert.Contains(t, r.body, `"associations":[{"resellerTenantId":"00000000-0000-4000-8000-00000000000a"`)
	assert.NotEmpty(t, r.header.Get("Ledger-Position"))
	r = d.get("/v1/subscriptions/"+customer+"/00000000-0000-4000-8000-000000000051", "Accept", "text/csv")
	require.Equal(t, 200, r.status, r.body)
	assert.Equal(t, "application/json", r.header.Get("Content-Type"), "what has no rows is JSON, whatever was asked for")
	assert.Contains(t, r.body, `"steps":[`)
	for _, target := range []string{"/v1/customers/" + customer + "?asOf=2020-01-01T00:00:00Z", "/v1/subscriptions/" + customer + "/00000000-0000-4000-8000-000000000099"} {
		assert.Equal(t, 404, d.get(target).problem(t).Status)
	}
}

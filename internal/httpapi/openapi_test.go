package httpapi_test

import (
	"bufio"
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/internal/httpapi"
)

// described is an API with nothing behind it: enough to be described.
func described(t *testing.T) *httpapi.API {
	t.Helper()
	return httpapi.New(httpapi.Options{Now: time.Now, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
}

func get(t *testing.T, h http.Handler, target string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil))
	return w
}

func openAPI(t *testing.T) map[string]any {
	t.Helper()
	text, err := described(t).OpenAPI()
	require.NoError(t, err)
	var doc map[string]any
	require.NoError(t, json.Unmarshal(text, &doc))
	return doc
}

// Ensure a change of the API is seen by whoever reviews it. UPDATE=1 rewrites the file.
func TestOpenAPIGolden(t *testing.T) {
	const file = "testdata/openapi.json"
	text, err := described(t).OpenAPI()
	require.NoError(t, err)
	doc := jsontext.Value(text)
	require.NoError(t, doc.Canonicalize())
	require.NoError(t, doc.Indent(jsontext.WithIndent(" ")))
	if os.Getenv("UPDATE") != "" {
		require.NoError(t, os.WriteFile(file, append(doc, '\n'), 0o644))
	}
	golden, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(golden), string(doc)+"\n", "the API changed; UPDATE=1 rewrites %s", file)
}

// Ensure the description is OpenAPI 3.1 as tools expect it: operations have names of their own and answers,
// what stands in a path is declared, and every reference leads somewhere.
func TestOpenAPIIsSound(t *testing.T) {
	doc := openAPI(t)
	require.Regexp(t, `^3\.1\.`, doc["openapi"])
	names := map[string]bool{}
	for path, item := range doc["paths"].(map[string]any) {
		require.True(t, strings.HasPrefix(path, "/v1/"), path)
		for method, op := range item.(map[string]any) {
			operation := op.(map[string]any)
			name := operation["operationId"].(string)
			require.False(t, names[name], "%s is the name of two operations", name)
			names[name] = true
			require.NotEmpty(t, operation["responses"], "%s %s", method, path)
			require.NotEmpty(t, operation["summary"], "%s %s", method, path)
			parametersOf(t, path, operation)
		}
	}
	references(t, doc, doc)
}

// parametersOf checks that parameters are said once, have a schema and a word of explanation, and that those of the path are there.
func parametersOf(t *testing.T, path string, operation map[string]any) {
	t.Helper()
	seen := map[string]bool{}
	list, _ := operation["parameters"].([]any)
	for _, item := range list {
		p := item.(map[string]any)
		name := p["name"].(string)
		require.False(t, seen[name], "%s has %s twice", path, name)
		seen[name] = true
		require.NotEmpty(t, p["schema"], "%s %s", path, name)
		require.Regexp(t, `^[a-z][A-Za-z]*$`, name, path)
		if p["in"] == "path" {
			require.Contains(t, path, "{"+name+"}")
		} else {
			require.NotEmpty(t, p["description"], "%s %s", path, name)
		}
	}
	for _, part := range strings.Split(path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			require.True(t, seen[strings.TrimSuffix(name, "}")], "%s does not declare %s", path, part)
		}
	}
}

func references(t *testing.T, doc map[string]any, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			at := any(doc)
			for _, part := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
				next, found := at.(map[string]any)[part]
				require.True(t, found, "%s leads nowhere", ref)
				at = next
			}
		}
		for _, child := range v {
			references(t, doc, child)
		}
	case []any:
		for _, child := range v {
			references(t, doc, child)
		}
	}
}

// compiler knows the description as a validator understands it.
func compiler(t *testing.T) *jsonschema.Compiler {
	t.Helper()
	text, err := described(t).OpenAPI()
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	require.NoError(t, c.AddResource("openapi.json", doc))
	return c
}

// Ensure every schema is JSON Schema 2020-12, the dialect of OpenAPI 3.1.
func TestOpenAPISchemas(t *testing.T) {
	schemas := openAPI(t)["components"].(map[string]any)["schemas"].(map[string]any)
	c := compiler(t)
	for name := range schemas {
		_, err := c.Compile("openapi.json#/components/schemas/" + name)
		require.NoError(t, err)
	}
	for _, c := range vocabulary.Commands() {
		_, found := schemas[c.CommandType()]
		assert.True(t, found, "%s has no schema of its name", c.CommandType())
	}
}

// Ensure what the description says of commands is what the ledger reads: the lines of a workload match it.
// It may say less than the vocabulary's own schema, but nothing else.
func TestOpenAPIDescribesCommands(t *testing.T) {
	s, err := compiler(t).Compile("openapi.json#/paths/~1v1~1commands/post/requestBody/content/application~1json/schema")
	require.NoError(t, err)
	file, err := os.Open("../workload/testdata/tiny.jsonl")
	require.NoError(t, err)
	defer file.Close()
	lines, seen := bufio.NewScanner(file), map[any]int{}
	for lines.Scan() {
		line, err := jsonschema.UnmarshalJSON(bytes.NewReader(lines.Bytes()))
		require.NoError(t, err)
		kind := line.(map[string]any)["type"]
		if seen[kind]++; seen[kind] <= 3 { // enough of each, for it is slow
			require.NoError(t, s.Validate(line), lines.Text())
		}
	}
	require.NoError(t, lines.Err())
	require.Len(t, seen, len(vocabulary.Commands()))
	wrong := map[string]any{"commandId": "x", "type": "DropCustomer", "actor": map[string]any{}, "data": map[string]any{}}
	require.Error(t, s.Validate(wrong))
}

// Ensure the page for people shows every command, refusal and request, and the document is served as one.
func TestDocsPage(t *testing.T) {
	api := described(t)
	page := get(t, api, "/docs")
	require.Equal(t, http.StatusOK, page.Code)
	require.Equal(t, "text/html; charset=utf-8", page.Header().Get("Content-Type"))
	html := page.Body.String()
	shows := func(text string) { assert.True(t, strings.Contains(html, text), "the page has no %s", text) }
	for _, c := range vocabulary.Commands() {
		shows("<code>" + c.CommandType() + "</code></summary><p><code")
	}
	for _, code := range domain.Codes() {
		shows("<code>" + string(code) + "</code>")
	}
	for path := range openAPI(t)["paths"].(map[string]any) {
		shows("<code>" + path + "</code>")
	}
	shows(`<code class="need">customerTenantId</code>`)
	assert.False(t, strings.Contains(html, "<script") || strings.Contains(html, "https://"), "the page needs nothing from elsewhere")

	home := get(t, api, "/")
	assert.Equal(t, http.StatusFound, home.Code)
	assert.Equal(t, "/docs", home.Header().Get("Location"))
	document := get(t, api, "/openapi.json")
	assert.Equal(t, http.StatusOK, document.Code)
	assert.Equal(t, "application/openapi+json", document.Header().Get("Content-Type"))
	assert.True(t, jsontext.Value(document.Body.Bytes()).IsValid())
	assert.Equal(t, http.StatusNotFound, get(t, api, "/elsewhere").Code)
}

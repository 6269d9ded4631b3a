package httpapi

import (
	"bytes"
	_ "embed"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
)

//go:embed docs.html
var docsSource string

// docsPage is what the page shows: the API from its own description, and the vocabulary from its types.
type docsPage struct {
	Title, Description string
	Operations         []docsOperation
	Commands           []docsCommand
	Codes              []*domain.Refusal
}

type docsOperation struct {
	Method, Path, Summary, Description, Try string
	Parameters                              []*huma.Param
}

type docsCommand struct {
	Name   string
	Fields []docsField
}

type docsField struct {
	Name     string
	Required bool
}

// docs serves a page that a person can read, made once: it needs no network and no script.
func (a *API) docs() {
	page, err := a.renderDocs()
	a.mux.HandleFunc("GET /docs", func(w http.ResponseWriter, r *http.Request) {
		if err != nil {
			a.log.Error("docs page", "error", err)
			http.Error(w, "The page could not be made; the API is described at /openapi.json.", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page) // a reader who left is no fault
	})
	a.mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/docs", http.StatusFound) })
}

func (a *API) renderDocs() ([]byte, error) {
	t, err := template.New("docs").Parse(docsSource)
	if err != nil {
		return nil, err
	}
	api := a.huma.OpenAPI()
	page := docsPage{Title: api.Info.Title, Description: api.Info.Description, Operations: operationsOf(api), Commands: commandsOf(api)}
	for _, code := range domain.Codes() {
		page.Codes = append(page.Codes, domain.Refuse(code))
	}
	var out bytes.Buffer
	err = t.Execute(&out, page)
	return out.Bytes(), err
}

func operationsOf(api *huma.OpenAPI) (all []docsOperation) {
	for _, path := range slices.Sorted(maps.Keys(api.Paths)) {
		item := api.Paths[path]
		for method, op := range map[string]*huma.Operation{http.MethodPost: item.Post, http.MethodGet: item.Get} {
			if op == nil {
				continue
			}
			shown := docsOperation{Method: method, Path: path, Summary: op.Summary, Description: op.Description, Parameters: op.Parameters}
			if method == http.MethodGet && !strings.Contains(path, "{") {
				shown.Try = path
			}
			all = append(all, shown)
		}
	}
	return all
}

func commandsOf(api *huma.OpenAPI) (all []docsCommand) {
	for _, c := range vocabulary.Commands() {
		shown := docsCommand{Name: c.CommandType()}
		schema := api.Components.Schemas.Map()[c.CommandType()]
		if schema != nil {
			for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
				shown.Fields = append(shown.Fields, docsField{Name: name, Required: slices.Contains(schema.Required, name)})
			}
		}
		all = append(all, shown)
	}
	return all
}

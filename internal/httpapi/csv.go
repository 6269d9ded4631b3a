package httpapi

import (
	"encoding/csv"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/partnerledger/partnerledger/projections/timeline"
)

// tabular is an answer that has rows.
type tabular interface{ rows() reflect.Value }

func (r Rows[T]) rows() reflect.Value { return reflect.ValueOf(r.Items) }

// column is a field of a row by its JSON name, and what stands above it.
type column struct{ heading, field string }

// vendors are the columns of the vendor's own activity log, for sheets that were made for it.
var vendors = []column{{"Date-Time", "at"}, {"Affected customer", "company"}, {"Action", "type"}, {"Partner user", "user"}}

// leading are the columns that come first in the rows of a type, under headings of their own.
var leading = map[reflect.Type][]column{reflect.TypeFor[timeline.Entry](): vendors}

// writeCSV writes the rows of an answer: a header, of field names but for the leading ones, then one line a row.
// Times stand as RFC 3339, null as nothing, lists and objects as JSON, and texts as they are: but one that a
// spreadsheet would take for a formula has an apostrophe before it.
func writeCSV(w io.Writer, v any) error {
	t, ok := v.(tabular)
	if !ok {
		return json.MarshalWrite(w, v)
	}
	rows := t.rows()
	columns := arranged(rows.Type().Elem())
	headings := make([]string, len(columns))
	for i, c := range columns {
		headings[i] = c.heading
	}
	out := csv.NewWriter(w)
	if err := out.Write(headings); err != nil {
		return fmt.Errorf("csv: %w", err)
	}
	for i := range rows.Len() {
		record, err := recordOf(rows.Index(i).Interface(), columns)
		if err != nil {
			return err
		}
		if err := out.Write(record); err != nil {
			return fmt.Errorf("csv: %w", err)
		}
	}
	out.Flush()
	return out.Error()
}

// sayJSON names the type of what has no rows and is JSON therefore, also where CSV was asked for.
func sayJSON(ctx huma.Context, _ string, v any) (any, error) {
	switch v.(type) {
	case tabular:
	case huma.StatusError:
		ctx.SetHeader("Content-Type", mediaProblem)
	default:
		ctx.SetHeader("Content-Type", mediaJSON)
	}
	return v, nil
}

// arranged are the columns of a row type, the leading ones first.
func arranged(t reflect.Type) []column {
	columns := slices.Clone(leading[t])
	for _, name := range columnsOf(t) {
		if !slices.ContainsFunc(columns, func(c column) bool { return c.field == name }) {
			columns = append(columns, column{name, name})
		}
	}
	return columns
}

// columnsOf lists the JSON names of a row type's fields, those of embedded structs in their place.
func columnsOf(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && name == "":
			names = append(names, columnsOf(field.Type)...)
		case field.IsExported() && name != "" && name != "-":
			names = append(names, name)
		}
	}
	return names
}

func recordOf(row any, columns []column) ([]string, error) {
	text, err := json.Marshal(row)
	if err != nil {
		return nil, fmt.Errorf("csv: %w", err)
	}
	var fields map[string]jsontext.Value
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, fmt.Errorf("csv: %w", err)
	}
	record := make([]string, len(columns))
	for i, c := range columns {
		if record[i], err = cell(fields[c.field]); err != nil {
			return nil, err
		}
	}
	return record, nil
}

func cell(v jsontext.Value) (string, error) {
	switch v.Kind() {
	case 0, 'n':
		return "", nil
	case '"':
		var text string
		err := json.Unmarshal(v, &text)
		return defused(text), err
	}
	return string(v), nil
}

// defused keeps a spreadsheet from running a text: somebody who can give a company a name must not run
// anything on the machine of whoever opens an export.
func defused(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

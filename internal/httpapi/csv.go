package httpapi

import (
	"encoding/csv"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// tabular is an answer that has rows.
type tabular interface{ rows() reflect.Value }

func (r Rows[T]) rows() reflect.Value { return reflect.ValueOf(r.Items) }

// writeCSV writes the rows of an answer: a header of field names, then one line a row. Texts stand as
// they are, times as RFC 3339, null as nothing, and lists and objects as JSON.
func writeCSV(w io.Writer, v any) error {
	t, ok := v.(tabular)
	if !ok {
		return json.MarshalWrite(w, v)
	}
	rows := t.rows()
	columns := columnsOf(rows.Type().Elem())
	out := csv.NewWriter(w)
	if err := out.Write(columns); err != nil {
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

func recordOf(row any, columns []string) ([]string, error) {
	text, err := json.Marshal(row)
	if err != nil {
		return nil, fmt.Errorf("csv: %w", err)
	}
	var fields map[string]jsontext.Value
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, fmt.Errorf("csv: %w", err)
	}
	record := make([]string, len(columns))
	for i, name := range columns {
		if record[i], err = cell(fields[name]); err != nil {
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
		return text, err
	}
	return string(v), nil
}

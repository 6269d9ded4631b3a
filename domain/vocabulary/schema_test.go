package vocabulary_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
)

// schemaNode is as much of a JSON Schema as the commands use.
type schemaNode struct {
	Ref        string                 `json:"$ref"`
	Type       string                 `json:"type"`
	Enum       []string               `json:"enum"`
	Properties map[string]*schemaNode `json:"properties"`
	Required   []string               `json:"required"`
	Items      *schemaNode            `json:"items"`
	Defs       map[string]*schemaNode `json:"$defs"`
}

func (n *schemaNode) resolve(root *schemaNode) *schemaNode {
	if n.Ref == "" {
		return n
	}
	return root.Defs[strings.TrimPrefix(n.Ref, "#/$defs/")]
}

// fieldsOf gives the fields of a struct by their names on the wire; those of embedded ones are its own.
func fieldsOf(typ reflect.Type) map[string]reflect.StructField {
	fields := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(typ) {
		if f.Anonymous {
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields[name] = f
	}
	return fields
}

// differences compares a struct with an object of the schema.
func differences(path string, typ reflect.Type, object, root *schemaNode) (out []string) {
	fields := fieldsOf(typ)
	for name := range fields {
		if object.Properties[name] == nil {
			out = append(out, fmt.Sprintf("%s.%s isn't in the schema", path, name))
		}
	}
	for name, property := range object.Properties {
		field, found := fields[name]
		if !found {
			out = append(out, fmt.Sprintf("%s.%s is in the schema only", path, name))
			continue
		}
		out = append(out, presence(path+"."+name, field, slices.Contains(object.Required, name))...)
		out = append(out, kinds(path+"."+name, field.Type, property.resolve(root), root)...)
	}
	return out
}

// presence: a required field is always there, so no pointer; an optional one can be seen to be absent.
func presence(path string, field reflect.StructField, required bool) []string {
	pointer := field.Type.Kind() == reflect.Pointer
	omitted := strings.Contains(field.Tag.Get("json"), ",omitzero")
	if required && (pointer || omitted) {
		return []string{path + " is required, but may be left out"}
	}
	if !required && !omitted {
		return []string{path + " is optional, but can't be left out"}
	}
	return nil
}

// kinds: a text is a string, a Personal or an Instant; objects and arrays are compared all the way down.
func kinds(path string, typ reflect.Type, n, root *schemaNode) []string {
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if n == root.Defs["time"] != (typ == reflect.TypeFor[domain.Instant]()) {
		return []string{fmt.Sprintf("%s is a time only on one side", path)}
	}
	want := map[string]reflect.Kind{"object": reflect.Struct, "array": reflect.Slice, "integer": reflect.Int, "boolean": reflect.Bool}[n.Type]
	switch {
	case n.Type == "string" || n.Enum != nil:
		if !isText(typ) {
			return []string{fmt.Sprintf("%s is a text in the schema and a %s here", path, typ)}
		}
	case typ.Kind() != want:
		return []string{fmt.Sprintf("%s is of type %s in the schema and a %s here", path, n.Type, typ)}
	case n.Type == "object":
		return differences(path, typ, n, root)
	case n.Type == "array":
		return kinds(path+"[]", typ.Elem(), n.Items.resolve(root), root)
	}
	return nil
}

func isText(typ reflect.Type) bool {
	return typ.Kind() == reflect.String || typ == reflect.TypeFor[domain.Personal]() || typ == reflect.TypeFor[domain.Instant]()
}

func TestTheCommandsAreThoseOfTheSchema(t *testing.T) {
	var root schemaNode
	if err := json.Unmarshal(vocabulary.Schema, &root); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range vocabulary.Commands() {
		names = append(names, c.CommandType())
		object := root.Defs[c.CommandType()]
		if object == nil {
			t.Errorf("%s isn't in the schema", c.CommandType())
			continue
		}
		for _, d := range differences(c.CommandType(), reflect.TypeOf(c), object, &root) {
			t.Error(d)
		}
	}
	if want := root.Properties["type"].Enum; !slices.Equal(names, want) {
		t.Errorf("the commands are\n%v, those of the schema\n%v", names, want)
	}
}

// TestTheComparisonBites compares a struct that is wrong in each way.
func TestTheComparisonBites(t *testing.T) {
	type inner struct {
		Wrong bool `json:"city"`
	}
	type wrong struct {
		Extra    string         `json:"extra"`
		Pointer  *string        `json:"pointer"`
		Left     string         `json:"left,omitzero"`
		Always   string         `json:"always"`
		Number   string         `json:"number"`
		Time     string         `json:"time"`
		NoTime   domain.Instant `json:"noTime"`
		Text     int            `json:"text"`
		Deep     inner          `json:"deep"`
		DeepList []inner        `json:"deepList"`
	}
	text, integer := &schemaNode{Type: "string"}, &schemaNode{Type: "integer"}
	object := &schemaNode{Type: "object", Properties: map[string]*schemaNode{"city": text}, Required: []string{"city"}}
	root := &schemaNode{Defs: map[string]*schemaNode{"time": {Type: "string"}}}
	schema := &schemaNode{Properties: map[string]*schemaNode{"pointer": text, "left": text, "always": text, "number": integer,
		"time": {Ref: "#/$defs/time"}, "noTime": text, "text": text, "deep": object, "deepList": {Type: "array", Items: object}, "missing": text},
		Required: []string{"pointer", "left", "number", "time", "noTime", "text", "deep", "deepList"}}
	got := differences("X", reflect.TypeFor[wrong](), schema, root)
	slices.Sort(got)
	want := []string{
		"X.always is optional, but can't be left out",
		"X.deep.city is a text in the schema and a bool here",
		"X.deepList[].city is a text in the schema and a bool here",
		"X.extra isn't in the schema",
		"X.left is required, but may be left out",
		"X.missing is in the schema only",
		"X.noTime is a time only on one side",
		"X.number is of type integer in the schema and a string here",
		"X.pointer is required, but may be left out",
		"X.text is a text in the schema and a int here",
		"X.time is a time only on one side",
	}
	if !slices.Equal(got, want) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

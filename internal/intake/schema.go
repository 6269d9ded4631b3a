package intake

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

const schemaURL = "commands.schema.json"

// schema checks the data of each command.
type schema struct{ byType map[string]*jsonschema.Schema }

func compile(source []byte) (*schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(source))
	if err != nil {
		return nil, fmt.Errorf("command schema: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource(schemaURL, doc); err != nil {
		return nil, fmt.Errorf("command schema: %w", err)
	}
	s := &schema{byType: map[string]*jsonschema.Schema{}}
	for name := range doc.(map[string]any)["$defs"].(map[string]any) {
		if s.byType[name], err = compiler.Compile(schemaURL + "#/$defs/" + name); err != nil {
			return nil, fmt.Errorf("command schema of %s: %w", name, err)
		}
	}
	return s, nil
}

// check gives a *Fault that names the first field that is wrong.
func (s *schema) check(commandType string, data jsontext.Value) error {
	schema, ok := s.byType[commandType]
	if !ok {
		return fmt.Errorf("command %s has no schema", commandType)
	}
	if err := bounded(data); err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return &Fault{Code: NotJSON, Field: "/data", Message: "The data isn't JSON."}
	}
	invalid, ok := errors.AsType[*jsonschema.ValidationError](schema.Validate(value))
	if !ok {
		return nil
	}
	return first(faults(invalid, nil))
}

// numberMax is how long a number may be written; no field takes one of more than eight digits.
const numberMax = 20

// bounded refuses numbers that are written as nobody would. The library computes with them exactly, so that
// a line full of 1e999999, or one number of a million digits, would keep a processor busy for minutes.
func bounded(data jsontext.Value) error {
	decoder := jsontext.NewDecoder(bytes.NewReader(data))
	for {
		token, err := decoder.ReadToken()
		if err != nil {
			return nil // the end: the line as a whole was read before
		}
		if token.Kind() != '0' {
			continue
		}
		text := token.String()
		exponent := strings.IndexAny(text, "eE")
		if len(text) > numberMax || exponent >= 0 && len(text)-exponent > len("e+99") {
			field := "/data" + string(decoder.StackPointer())
			return &Fault{Code: InvalidField, Field: field, Message: fmt.Sprintf("The number at %s is longer than any that a command takes.", clip(field))}
		}
	}
}

// faults gathers the findings at the ends of the tree; what stands above them only says that they are below.
func faults(e *jsonschema.ValidationError, found []*Fault) []*Fault {
	if len(e.Causes) == 0 {
		return append(found, explain(e))
	}
	for _, cause := range e.Causes {
		found = faults(cause, found)
	}
	return found
}

// first picks the same finding every time: the library looks at fields in the order of a map.
func first(found []*Fault) *Fault {
	return slices.MinFunc(found, func(a, b *Fault) int {
		return cmp.Or(strings.Compare(a.Field, b.Field), strings.Compare(a.Message, b.Message))
	})
}

// explain puts the library's finding into a sentence, without quoting any value of the data.
func explain(e *jsonschema.ValidationError) *Fault {
	field := "/data"
	for _, part := range e.InstanceLocation {
		field += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(part)
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		return missing(field + "/" + slices.Min(k.Missing))
	case *kind.AdditionalProperties:
		field = clip(field + "/" + slices.Min(k.Properties))
		return &Fault{Code: UnknownField, Field: field, Message: fmt.Sprintf("This command has no field %s.", field)}
	case *kind.Type:
		return &Fault{Code: WrongType, Field: field, Message: fmt.Sprintf("The value at %s must be %s, not %s.", field, strings.Join(k.Want, " or "), k.Got)}
	case *kind.Enum:
		return &Fault{Code: InvalidField, Field: field, Message: fmt.Sprintf("The value at %s must be one of %v.", field, k.Want)}
	case *kind.Pattern:
		return &Fault{Code: InvalidField, Field: field, Message: fmt.Sprintf("The value at %s must match %s.", field, k.Want)}
	case *kind.Format:
		return &Fault{Code: InvalidField, Field: field, Message: fmt.Sprintf("The value at %s must be a %s.", field, k.Want)}
	case *kind.MinLength:
		return &Fault{Code: InvalidField, Field: field, Message: fmt.Sprintf("The text at %s must have at least %d characters.", field, k.Want)}
	case *kind.MaxLength:
		return &Fault{Code: InvalidField, Field: field, Message: fmt.Sprintf("The text at %s may have at most %d characters.", field, k.Want)}
	case *kind.Minimum:
		return &Fault{Code: InvalidField, Field: field, Message: fmt.Sprintf("The number at %s must be at least %s.", field, k.Want.RatString())}
	case *kind.Maximum:
		return &Fault{Code: InvalidField, Field: field, Message: fmt.Sprintf("The number at %s may be at most %s.", field, k.Want.RatString())}
	}
	return &Fault{Code: InvalidField, Field: field, Message: fmt.Sprintf("The value at %s isn't of the form that the vocabulary asks for.", field)}
}

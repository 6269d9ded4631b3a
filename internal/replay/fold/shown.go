package fold

import (
	"encoding"
	"reflect"
	"strings"
)

// shown is the state of a stream as it goes out as JSON. Where the stream is that of another (a customer's, and a
// subscription is followed), only the part is shown that has the entity's name.
func shown(state any, entity string, whole bool) map[string]any {
	v := reflect.ValueOf(state)
	if !v.IsValid() {
		return map[string]any{}
	}
	if v.Kind() != reflect.Struct {
		return map[string]any{"value": plain(v)}
	}
	if !whole {
		if part, found := partOf(v, entity); found {
			return part
		}
	}
	return members(v)
}

// partOf is what the state holds under the entity's name.
func partOf(state reflect.Value, entity string) (map[string]any, bool) {
	for i := range state.NumField() {
		m := state.Field(i)
		if m.Kind() != reflect.Map || m.Type().Key().Kind() != reflect.String {
			continue
		}
		if part := m.MapIndex(reflect.ValueOf(entity).Convert(m.Type().Key())); part.IsValid() {
			return map[string]any{nameOf(state.Type().Field(i)): map[string]any{entity: plain(part)}}, true
		}
	}
	return nil, false
}

// plain makes of a value what JSON knows. What writes itself as text does so: that is how personal texts are blanked.
func plain(v reflect.Value) any {
	if text, ok := v.Interface().(encoding.TextMarshaler); ok && v.Kind() != reflect.Pointer {
		written, err := text.MarshalText()
		if err != nil {
			return err.Error()
		}
		return string(written)
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return plain(v.Elem())
	case reflect.Struct:
		return members(v)
	case reflect.Map:
		entries := map[string]any{}
		for _, k := range v.MapKeys() {
			entries[keyOf(k)] = plain(v.MapIndex(k))
		}
		return entries
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = plain(v.Index(i))
		}
		return list
	}
	return v.Interface()
}

// members are the fields that hold something.
func members(v reflect.Value) map[string]any {
	all := map[string]any{}
	for i := range v.NumField() {
		if field := v.Type().Field(i); field.IsExported() && !v.Field(i).IsZero() {
			all[nameOf(field)] = plain(v.Field(i))
		}
	}
	return all
}

// keyOf is a key as text; one of several parts has them with dots between.
func keyOf(k reflect.Value) string {
	if k.Kind() != reflect.Struct {
		return k.String()
	}
	parts := make([]string, k.NumField())
	for i := range parts {
		parts[i] = k.Field(i).String()
	}
	return strings.Join(parts, ".")
}

// words writes names as JSON elsewhere in the ledger has them: resellerTenantId, mpnId.
var words = strings.NewReplacer("MPNID", "MpnId", "ID", "Id")

func nameOf(f reflect.StructField) string {
	name := words.Replace(f.Name)
	return strings.ToLower(name[:1]) + name[1:]
}

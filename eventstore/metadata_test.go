package eventstore

import (
	"reflect"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
)

// Ensure metadata is written by hand as the JSON library would write it, to the byte, whatever is in it.
func TestMetadata_AppendJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String()
		if rapid.Bool().Draw(t, "few empty") {
			text = rapid.StringN(1, 20, -1)
		}
		draw := func(name string) string { return text.Draw(t, name) }
		m := Metadata{CorrelationID: draw("correlation"), CausationID: domain.CommandID(draw("causation")), Policy: vocabulary.Policy(draw("policy")),
			Actor:   domain.Actor{UserPrincipalName: draw("name"), TenantID: domain.TenantID(draw("tenant")), Role: domain.Role(draw("role")), ApplicationID: draw("app")},
			Command: CommandRef{Type: draw("type"), Digest: draw("digest")}, SchemaVersion: rapid.Int().Draw(t, "version"),
			At: instant().Draw(t, "at"), EffectiveAt: rapid.Ptr(instant(), true).Draw(t, "effective"), Provider: domain.TenantID(draw("provider")),
			Part: rapid.Int().Draw(t, "part"), Parts: rapid.Int().Draw(t, "parts"), Traceparent: draw("traceparent")}
		if rapid.Bool().Draw(t, "data") {
			m.Command.Data = jsontext.Value(`{"a":[1,"é",null,{"b":true}]}`)
		}
		if rapid.Bool().Draw(t, "basis") {
			m.Basis = rapid.SliceOf(rapid.Custom(func(t *rapid.T) Basis {
				return Basis{Stream: text.Draw(t, "stream"), Revision: Revision(rapid.Int64().Draw(t, "revision")), Abandoned: rapid.Bool().Draw(t, "abandoned")}
			})).Draw(t, "streams")
		}
		want, err := json.Marshal(m)
		require.NoError(t, err)
		got, err := m.appendJSON(nil)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
	})
	_, err := Metadata{Traceparent: "\xff"}.appendJSON(nil)
	require.Error(t, err, "the library refuses what is no UTF-8 too")
}

// Ensure a field that is new isn't left out: the library knows of it by itself.
func TestMetadata_EveryFieldIsWritten(t *testing.T) {
	var m Metadata
	fill(reflect.ValueOf(&m).Elem())
	want, err := json.Marshal(m)
	require.NoError(t, err)
	got, err := m.appendJSON(nil)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

// fill puts something into every field.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("text")
	case reflect.Int, reflect.Int64:
		v.SetInt(1650000000007)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[jsontext.Value]() {
			v.SetBytes([]byte(`{"a":1}`))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0))
		fill(v.Index(1))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	default:
		panic("a field of a kind that nobody has thought of: " + v.Kind().String())
	}
}

func instant() *rapid.Generator[domain.Instant] {
	return rapid.Custom(func(t *rapid.T) domain.Instant { return domain.Instant(rapid.Int64Range(0, 4e12).Draw(t, "ms")) })
}

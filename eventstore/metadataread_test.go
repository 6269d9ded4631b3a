package eventstore

import (
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/partnerledger/partnerledger/domain"
)

// typical is metadata as most events have it.
func typical() Metadata {
	from := domain.Instant(1_700_000_000_123)
	return Metadata{CorrelationID: "c", CausationID: "7d1f1c1e-5f0e-4b2a-9a57-0d7c1f2b3a4d", At: 1_700_000_000_000, EffectiveAt: &from, SchemaVersion: 1, Part: 1, Parts: 2,
		Actor:   domain.Actor{UserPrincipalName: "a@b.example", TenantID: "t", Role: "AdminAgent", ApplicationID: "app"},
		Command: CommandRef{Type: "PlaceOrder", Digest: "d", Data: jsontext.Value(`{"a":"}\"]","b":[{"c":1}]}`)},
		Basis:   []Basis{{Stream: "reseller-1", Revision: 4}, {Stream: "mpn-2", Revision: NoStream, Abandoned: true}}, Policy: "strict", Provider: "p", Traceparent: "00-1"}
}

// Ensure what is read in the form in which it is written is what the library reads, and that the form is taken.
func TestReadJSON_ReadsWhatIsWritten(t *testing.T) {
	full := typical()
	bare := Metadata{CausationID: "x", SchemaVersion: 3, At: -1}
	for _, m := range []Metadata{full, bare} {
		text, err := m.appendJSON(nil)
		require.NoError(t, err)
		got, ok := readJSON(text)
		require.True(t, ok)
		var want Metadata
		require.NoError(t, json.Unmarshal(text, &want))
		require.Equal(t, want, got)
	}
}

// Ensure that damaged metadata is never read otherwise than by the library: what it doesn't take is refused, and
// what it takes is the same.
func TestReadJSON_BelievesNothingElse(t *testing.T) {
	m := typical()
	text, err := m.appendJSON(nil)
	require.NoError(t, err)
	taken := 0
	check := func(t require.TestingT, damaged []byte) {
		got, ok := readJSON(damaged)
		if !ok {
			return
		}
		taken++
		var want Metadata
		require.NoError(t, json.Unmarshal(damaged, &want), "%s", damaged)
		require.Equal(t, want, got, "%s", damaged)
	}
	for i := range text {
		for _, c := range []byte{'"', '\\', '{', '}', '[', ']', ',', ':', ' ', '0', '9', '-', 'x', 0, 0xff, text[i] ^ 1} {
			damaged := append([]byte(nil), text...)
			damaged[i] = c
			check(t, damaged)
		}
		check(t, text[:i])
		check(t, append(append(append([]byte(nil), text[:i]...), 'z'), text[i:]...))
		check(t, append(append([]byte(nil), text[:i]...), text[i+1:]...))
	}
	require.Greater(t, taken, 100, "a changed letter in a text is no damage")
	rapid.Check(t, func(t *rapid.T) {
		from, to := rapid.IntRange(0, len(text)).Draw(t, "from"), rapid.IntRange(0, len(text)).Draw(t, "to")
		at := rapid.IntRange(0, len(text)).Draw(t, "at")
		piece := append([]byte(nil), text[min(from, to):max(from, to)]...)
		check(t, append(append(append([]byte(nil), text[:at]...), piece...), text[at:]...))
	})
}

func BenchmarkDecodeMetadata(b *testing.B) {
	m := typical()
	text, err := m.appendJSON(nil)
	require.NoError(b, err)
	b.Run("form", func(b *testing.B) {
		for b.Loop() {
			if _, ok := readJSON(text); !ok {
				b.Fatal("not read")
			}
		}
	})
	b.Run("library", func(b *testing.B) {
		for b.Loop() {
			var m Metadata
			require.NoError(b, json.Unmarshal(text, &m))
		}
	})
}

package httpapi

import (
	"encoding/csv"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/projections/changes"
	"github.com/partnerledger/partnerledger/projections/timeline"
)

// Ensure a text that a spreadsheet would run is only a text, and that numbers stay numbers.
func TestFormulasAreDefused(t *testing.T) {
	type row struct {
		Text   string   `json:"text"`
		Number int      `json:"number"`
		List   []string `json:"list"`
	}
	texts := map[string]string{"=cmd|' /C calc'!A0": "'=cmd|' /C calc'!A0", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)",
		"\t=1": "'\t=1", "\r=1": "'\r=1", "Hill = Lake": "Hill = Lake", "": "", "'=1": "'=1"}
	for text, want := range texts {
		var out strings.Builder
		require.NoError(t, writeCSV(&out, Rows[row]{Items: []row{{text, -5, []string{"=1"}}}}))
		records, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
		require.NoError(t, err)
		require.Equal(t, []string{want, "-5", `["=1"]`}, records[1], "%q", text)
	}
}

// Ensure the timeline's sheet begins as the vendor's does, and has every other field once.
func TestTheVendorsColumnsComeFirst(t *testing.T) {
	var out strings.Builder
	require.NoError(t, writeCSV(&out, Rows[timeline.Entry]{Items: []timeline.Entry{{Company: "=Hill", Type: "CustomerAdded", User: "a@b.example", EventID: "e"}}}))
	records, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"Date-Time", "Affected customer", "Action", "Partner user", "seq"}, records[0][:5])
	require.Equal(t, []string{"1970-01-01T00:00:00Z", "'=Hill", "CustomerAdded", "a@b.example", "0"}, records[1][:5])
	require.Len(t, records[0], reflect.TypeFor[timeline.Entry]().NumField())
	require.Contains(t, records[0], "eventId")
}

// Ensure every kind of line of a difference can be asked for.
func TestEntitiesOfADifference(t *testing.T) {
	field, _ := reflect.TypeFor[diffInput]().FieldByName("Entity")
	require.Equal(t, strings.Join(changes.Entities(), ","), field.Tag.Get("enum"))
}

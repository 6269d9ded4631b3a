package table_test

import (
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/internal/table"
)

func rowsOf(rows ...string) iter.Seq2[jsontext.Value, error] {
	return func(yield func(jsontext.Value, error) bool) {
		for _, row := range rows {
			if !yield(jsontext.Value(row), nil) {
				return
			}
		}
	}
}

var columns = []table.Column{{Heading: "NAME", Field: "name", Width: 8}, {Heading: "SEATS", Field: "seats", Right: true}, {Heading: "SINCE", Field: "since"}}

func printed(t *testing.T, limit int, rows ...string) (text string, shown int, more bool) {
	t.Helper()
	var out strings.Builder
	shown, more, err := table.Print(&out, columns, rowsOf(rows...), limit)
	require.NoError(t, err)
	return out.String(), shown, more
}

// Ensure columns are as wide as they need to be, numbers stand to the right, and no line ends in blanks.
func TestColumns(t *testing.T) {
	text, shown, more := printed(t, 0,
		`{"name":"Łucerne","seats":7,"since":"2022-02-08T22:46:59.123Z","more":"not asked for"}`,
		`{"name":"A","seats":1234567,"since":"2022-02-08T22:46:59Z"}`)
	require.Equal(t, ""+
		"NAME       SEATS  SINCE\n"+
		"Łucerne        7  2022-02-08 22:46:59\n"+
		"A        1234567  2022-02-08 22:46:59\n", text)
	require.Equal(t, 2, shown)
	require.False(t, more)
}

// Ensure a person reads values, not JSON.
func TestValues(t *testing.T) {
	for value, want := range map[string]string{
		`null`:                     "–",
		`true`:                     "yes",
		`false`:                    "no",
		`"text"`:                   "text",
		`""`:                       "",
		`[]`:                       "",
		`["a","b",3]`:              "a, b, 3",
		`1234.50`:                  "1234.50",
		`"2022-02-30 nor a time"`:  "2022-02…",
		`"nine chars"`:             "nine ch…",
		`"12345678"`:               "12345678",
		`"a\nb\tc"`:                "a b c",
		`"\u001b[31mred\u0007"`:    " [31mre…",
		`"\u202egnp"`:              " gnp",
		`"2021-07-01T00:00:00Z"`:   "2021-07…",
		`{"not":"flat"}`:           `{"not":…`,
		`"\u00e9\u00e9"`:           "éé",
		`"a\u00a0b"`:               "a b",
		`["x\ny",null,true,[1,2]]`: "x y, –,…",
	} {
		var out strings.Builder
		_, _, err := table.Print(&out, columns[:1], rowsOf(`{"name":`+value+`}`), 0)
		require.NoError(t, err)
		require.Equal(t, "NAME\n"+want+"\n", out.String(), value)
	}
}

// Ensure rows beyond the limit are told of and not asked for.
func TestLimit(t *testing.T) {
	asked := 0
	rows := func(yield func(jsontext.Value, error) bool) {
		for {
			if asked++; !yield(jsontext.Value(`{"name":"x"}`), nil) {
				return
			}
		}
	}
	var out strings.Builder
	shown, more, err := table.Print(&out, columns, rows, 3)
	require.NoError(t, err)
	require.Equal(t, []any{3, true, 4}, []any{shown, more, asked})
	require.Equal(t, 4, strings.Count(out.String(), "\n"))

	_, shown, more = printed(t, 2, `{}`, `{}`)
	require.Equal(t, []any{2, false}, []any{shown, more})
}

// Ensure nothing is printed of no rows, and of rows that broke off: half a table looks like a whole one.
func TestNothing(t *testing.T) {
	text, shown, _ := printed(t, 0)
	require.Empty(t, text)
	require.Zero(t, shown)

	broken := errors.New("the cable")
	for _, rows := range []iter.Seq2[jsontext.Value, error]{
		func(yield func(jsontext.Value, error) bool) {
			_ = yield(jsontext.Value(`{"name":"x"}`), nil) && yield(nil, broken)
		},
		rowsOf(`{}`, `17`),
	} {
		var out strings.Builder
		_, _, err := table.Print(&out, columns, rows, 0)
		require.Error(t, err)
		require.Empty(t, out.String())
	}
}

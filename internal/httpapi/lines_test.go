package httpapi

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/internal/intake"
)

// seen is what came of one read.
type seen struct {
	number int64
	text   string // "too long" where the line was
}

func readAll(t *testing.T, r io.Reader, first int64) (all []seen, end error) {
	t.Helper()
	l := newLines(r, first)
	for {
		line, number, err := l.read()
		fault, unreadable := errors.AsType[*intake.Fault](err)
		switch {
		case unreadable:
			require.Equal(t, intake.LineTooLong, fault.Code)
			all = append(all, seen{number, "too long"})
		case err != nil:
			return all, err
		default:
			all = append(all, seen{number, strings.TrimSpace(string(line))})
		}
	}
}

// Ensure blank lines are counted and not answered, the last line needs no end, and one that is too long is
// passed over, wherever its bytes are cut.
func TestLines(t *testing.T) {
	long := strings.Repeat("x", lineMax)
	for _, c := range []struct {
		name, body string
		want       []seen
	}{
		{"nothing", "", nil},
		{"blank lines only", "\n \r\n\t\n", nil},
		{"no end", "a\nb", []seen{{5, "a"}, {6, "b"}}},
		{"blank lines between", "\na\n\n\r\nb\n\n", []seen{{6, "a"}, {9, "b"}}},
		{"carriage returns", "a\r\nb\r\n", []seen{{5, "a"}, {6, "b"}}},
		{"as long as can be", long[1:] + "\nb", []seen{{5, long[1:]}, {6, "b"}}},
		{"too long", "a\n" + long + "x\nb\n", []seen{{5, "a"}, {6, "too long"}, {7, "b"}}},
		{"far too long", strings.Repeat(long, 10) + "\nb", []seen{{5, "too long"}, {6, "b"}}},
		{"too long at the end", "a\n" + long + "x", []seen{{5, "a"}, {6, "too long"}}},
		{"two too long", long + "x\n" + long + "y\nb", []seen{{5, "too long"}, {6, "too long"}, {7, "b"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, r := range map[string]io.Reader{"whole": strings.NewReader(c.body), "in halves": iotest.HalfReader(strings.NewReader(c.body)),
				"with the end at once": iotest.DataErrReader(strings.NewReader(c.body))} {
				got, err := readAll(t, r, 5)
				require.ErrorIs(t, err, io.EOF, name)
				require.True(t, assert.ObjectsAreEqual(c.want, got), "%s: %d lines, expected %d", name, len(got), len(c.want))
			}
		})
	}
}

// Ensure a read that broke is not one that ended.
func TestLinesBreak(t *testing.T) {
	broken := errors.New("the cable")
	for _, body := range []string{"a\nb", "a\n" + strings.Repeat("x", 2*lineMax)} {
		got, err := readAll(t, io.MultiReader(bytes.NewBufferString(body), iotest.ErrReader(broken)), 1)
		require.ErrorIs(t, err, broken)
		require.Equal(t, []seen{{1, "a"}}, got)
	}
}

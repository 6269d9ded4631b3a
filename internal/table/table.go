// Package table prints rows as a table that a person can read: columns as wide as they need to be,
// numbers to the right, times without noise.
package table

import (
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Column is a heading and the field of the row that stands below it. Right puts numbers to the right;
// Width, where given, cuts longer texts.
type Column struct {
	Heading string
	Field   string
	Right   bool
	Width   int
}

// Print writes at most limit rows (0: all) and tells how many, and whether there were more.
func Print(w io.Writer, columns []Column, rows iter.Seq2[jsontext.Value, error], limit int) (shown int, more bool, err error) {
	var cells [][]string
	for row, err := range rows {
		if err != nil {
			return 0, false, err
		}
		if limit > 0 && len(cells) == limit {
			more = true
			break
		}
		line, err := lineOf(row, columns)
		if err != nil {
			return 0, false, err
		}
		cells = append(cells, line)
	}
	if len(cells) == 0 {
		return 0, false, nil
	}
	return len(cells), more, write(w, columns, cells)
}

func lineOf(row jsontext.Value, columns []Column) ([]string, error) {
	var fields map[string]jsontext.Value
	if err := json.Unmarshal(row, &fields); err != nil {
		return nil, fmt.Errorf("row: %w", err)
	}
	line := make([]string, len(columns))
	for i, c := range columns {
		line[i] = clip(text(fields[c.Field]), c.Width)
	}
	return line, nil
}

// text is how a person reads a value.
func text(v jsontext.Value) string {
	switch v.Kind() {
	case 0, 'n':
		return "–"
	case 't':
		return "yes"
	case 'f':
		return "no"
	case '"':
		var s string
		if json.Unmarshal(v, &s) != nil {
			return string(v)
		}
		return moment(printable(s))
	case '[':
		var list []jsontext.Value
		if json.Unmarshal(v, &list) != nil {
			return string(v)
		}
		parts := make([]string, len(list))
		for i, item := range list {
			parts[i] = text(item)
		}
		return strings.Join(parts, ", ")
	}
	return string(v)
}

// printable keeps a text on its line, and out of the terminal's hands: people's texts may hold anything.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}

// moment shortens an RFC 3339 time to seconds.
func moment(s string) string {
	if len(s) >= 20 && len(s) <= 24 && s[4] == '-' && s[10] == 'T' && s[len(s)-1] == 'Z' {
		return s[:10] + " " + s[11:19]
	}
	return s
}

func clip(s string, width int) string {
	if width <= 0 || utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:width-1]) + "…"
}

func write(w io.Writer, columns []Column, cells [][]string) error {
	widths := make([]int, len(columns))
	for i, c := range columns {
		widths[i] = utf8.RuneCountInString(c.Heading)
		for _, line := range cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(line[i]))
		}
	}
	var out strings.Builder
	for i, c := range columns {
		pad(&out, c.Heading, widths[i], c.Right, i == len(columns)-1)
	}
	for _, line := range cells {
		for i, c := range columns {
			pad(&out, line[i], widths[i], c.Right, i == len(columns)-1)
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func pad(out *strings.Builder, s string, width int, right, last bool) {
	space := strings.Repeat(" ", width-utf8.RuneCountInString(s))
	switch {
	case right:
		out.WriteString(space + s)
	case last:
		out.WriteString(s)
	default:
		out.WriteString(s + space)
	}
	if last {
		out.WriteByte('\n')
	} else {
		out.WriteString("  ")
	}
}

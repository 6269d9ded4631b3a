package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/partnerledger/partnerledger/internal/client"
)

// Answers go to stdout and nothing else does; progress, notes and errors go to stderr. Notes begin with a
// small letter and end without a period.

// printJSON writes an array, a row a line, as the rows come.
func printJSON(w io.Writer, rows iter.Seq2[jsontext.Value, error]) error {
	begin := "["
	for row, err := range rows {
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s\n %s", begin, row); err != nil {
			return err
		}
		begin = ","
	}
	if begin == "[" {
		_, err := fmt.Fprintln(w, "[]")
		return err
	}
	_, err := fmt.Fprintln(w, "\n]")
	return err
}

// printCSV writes the ledger's own CSV, page after page, the header once; at most limit rows, if one is given.
func (a *app) printCSV(ctx context.Context, c *client.Client, path string, q url.Values, limit int) error {
	for printed := 0; ; {
		size := pageMax
		if limit > 0 {
			size = min(limit-printed, pageMax)
		}
		q.Set("limit", strconv.Itoa(size))
		var page strings.Builder
		next, err := c.CSV(ctx, path, q, &page)
		if err != nil {
			return err
		}
		body := page.String()
		if printed > 0 {
			_, body, _ = strings.Cut(body, "\n")
		}
		if _, err := io.WriteString(a.out, body); err != nil {
			return err
		}
		printed += size // a page that has a next one is full
		if next == "" || printed == limit {
			return nil
		}
		q.Set("after", next)
	}
}

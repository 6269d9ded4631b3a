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

// printCSV writes the ledger's own CSV, page after page, the header once.
func (a *app) printCSV(ctx context.Context, c *client.Client, path string, q url.Values, limit int) error {
	if limit > 0 {
		q.Set("limit", strconv.Itoa(min(limit, pageMax)))
	}
	for first := true; ; first = false {
		var page strings.Builder
		next, err := c.CSV(ctx, path, q, &page)
		if err != nil {
			return err
		}
		body := page.String()
		if !first {
			_, body, _ = strings.Cut(body, "\n")
		}
		if _, err := io.WriteString(a.out, body); err != nil {
			return err
		}
		if next == "" || limit > 0 {
			return nil
		}
		q.Set("after", next)
	}
}

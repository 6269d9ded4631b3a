package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/partnerledger/partnerledger/internal/table"
)

// list is a noun whose answer is rows: where they come from, and which columns people want to see.
type list struct {
	path    string
	columns []table.Column
	// filters are the flags that go into the query, by the name of its parameter.
	filters map[string]*string
	page    listPage
}

type listPage struct {
	asOf, asKnownAt, atLeast string
	limit                    int
}

// filter declares a flag that becomes a query parameter.
func (l *list) filter(cmd *cobra.Command, flag, parameter, help string) {
	if l.filters == nil {
		l.filters = map[string]*string{}
	}
	l.filters[parameter] = cmd.Flags().String(flag, "", help)
}

// preset fixes a query parameter.
func (l *list) preset(parameter, value string) {
	if l.filters == nil {
		l.filters = map[string]*string{}
	}
	l.filters[parameter] = &value
}

// rows makes the command of a noun that is so at one point in time; filters of its own are added to it.
func (a *app) rows(cmd *cobra.Command, l *list) *cobra.Command {
	f := cmd.Flags()
	f.StringVar(&l.page.asOf, "as-of", "", "the state at this `TIME`, RFC 3339 in UTC (default: now)")
	f.StringVar(&l.page.asKnownAt, "as-known-at", "", "only what the ledger knew at this `TIME` (default: everything)")
	return a.paged(cmd, l)
}

// paged makes the command of a noun whose answer is rows, whatever times it asks about.
func (a *app) paged(cmd *cobra.Command, l *list) *cobra.Command {
	f := cmd.Flags()
	f.StringVar(&l.page.atLeast, "at-least", "", "wait until the answer reflects this `POSITION`, which a command answered with")
	f.IntVar(&l.page.limit, "limit", 0, "at most `N` rows (default: 100 in a table, all in --json and --csv)")
	f.BoolVar(&a.csv, "csv", false, "print CSV, for spreadsheets")
	cmd.Args = nothing
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		switch {
		case a.json && a.csv:
			return seeHelp(cmd, errors.New("--json and --csv exclude each other"))
		case l.page.limit < 0:
			return seeHelp(cmd, errors.New("--limit is a number of rows"))
		}
		return a.show(cmd.Context(), l)
	}
	return cmd
}

func (l *list) query() url.Values {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	for name, value := range l.filters {
		set(name, *value)
	}
	set("asOf", l.page.asOf)
	set("asKnownAt", l.page.asKnownAt)
	set("atLeast", l.page.atLeast)
	return q
}

// shortID is enough of an id to tell two apart where the whole would only fill the screen.
const shortID = 9

const (
	pageMax    = 1000
	tableLimit = 100
)

// show prints the rows in the form asked for.
func (a *app) show(ctx context.Context, l *list) error {
	limit := l.page.limit
	if limit == 0 && !a.json && !a.csv {
		limit = tableLimit
	}
	c, err := a.client()
	if err != nil {
		return err
	}
	q := l.query()
	q.Set("limit", strconv.Itoa(pageSize(limit)))
	rows := c.Rows(ctx, l.path, q)
	switch {
	case a.json:
		return printJSON(a.out, limited(rows, limit))
	case a.csv:
		return a.printCSV(ctx, c, l.path, q, limit)
	}
	shown, more, err := table.Print(a.out, l.columns, rows, limit)
	if err != nil {
		return err
	}
	switch {
	case more:
		fmt.Fprintf(a.err, "the first %d rows; --limit N shows more, --csv and --json all\n", shown)
	case shown == 0:
		fmt.Fprintln(a.err, "no rows")
	}
	return nil
}

func pageSize(limit int) int {
	if limit <= 0 {
		return pageMax
	}
	return min(limit+1, pageMax) // one more tells whether there are more
}

func limited(rows func(func(jsontext.Value, error) bool), limit int) func(func(jsontext.Value, error) bool) {
	return func(yield func(jsontext.Value, error) bool) {
		n := 0
		for row, err := range rows {
			if limit > 0 && n == limit || !yield(row, err) {
				return
			}
			n++
		}
	}
}

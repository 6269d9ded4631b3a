package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/partnerledger/partnerledger/internal/client"
	"github.com/partnerledger/partnerledger/internal/table"
)

// shown is a list that the demo prints: its first rows by one number, the highest first.
type shown struct {
	title, path string
	query       url.Values
	by          string
	columns     []table.Column
	all         string // the command that prints the whole list
}

func demoLists() []shown {
	return []shown{
		{"Resellers with an active partnership, by seats", "/v1/resellers", url.Values{}, "seats", []table.Column{
			{Heading: "RESELLER", Field: "name", Width: 34}, {Heading: "MPN ID", Field: "mpnId"}, {Heading: "IN", Field: "location"}, {Heading: "SINCE", Field: "since"},
			{Heading: "CUSTOMERS", Field: "customers", Right: true}, {Heading: "SUBSCRIPTIONS", Field: "activeSubscriptions", Right: true}, {Heading: "SEATS", Field: "seats", Right: true}},
			"ledger resellers"},
		{"Incentive credit in " + demoMonth + ", by reseller", "/v1/credit", url.Values{"month": {demoMonth}}, "seatDays", []table.Column{
			{Heading: "RESELLER", Field: "name", Width: 34}, {Heading: "MPN ID", Field: "mpnId"}, {Heading: "SEAT-DAYS", Field: "seatDays", Right: true}},
			"ledger credit --month " + demoMonth},
	}
}

// demoShow prints what came of the demo's commands, once the read models reflect them.
func demoShow(ctx context.Context, c *client.Client, atLeast string, stdout io.Writer) error {
	for _, s := range demoLists() {
		if atLeast != "" {
			s.query.Set("atLeast", atLeast)
		}
		rows, err := s.rank(ctx, c)
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "\n%s\n\n", s.title)
		printed, _, err := table.Print(stdout, s.columns, each(rows), demoRows)
		if err != nil {
			return err
		}
		if left := len(rows) - printed; left > 0 {
			fmt.Fprintf(stdout, "… and %d more: go run ./cmd/%s\n", left, s.all)
		}
	}
	return nil
}

// rank reads the whole list and sorts it.
func (s shown) rank(ctx context.Context, c *client.Client) ([]jsontext.Value, error) {
	type ranked struct {
		row    jsontext.Value
		number float64
	}
	var all []ranked
	for row, err := range c.Rows(ctx, s.path, s.query) {
		if err != nil {
			return nil, err
		}
		number, err := numberIn(row, s.by)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.path, err)
		}
		all = append(all, ranked{row.Clone(), number})
	}
	slices.SortStableFunc(all, func(a, b ranked) int { return cmp.Compare(b.number, a.number) })
	rows := make([]jsontext.Value, len(all))
	for i, r := range all {
		rows[i] = r.row
	}
	return rows, nil
}

// numberIn reads a field that is a number, or a number as text.
func numberIn(row jsontext.Value, field string) (float64, error) {
	var fields map[string]any
	if err := json.Unmarshal(row, &fields); err != nil {
		return 0, err
	}
	return strconv.ParseFloat(fmt.Sprint(fields[field]), 64)
}

func each(rows []jsontext.Value) func(func(jsontext.Value, error) bool) {
	return func(yield func(jsontext.Value, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

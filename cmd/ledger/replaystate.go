package main

import (
	"fmt"
	"io"
	"iter"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/partnerledger/partnerledger/internal/table"
)

// replayRows is how many rows of each list a person is shown.
const replayRows = 10

// replayLists are the parts of a state that a person is shown as tables.
var replayLists = []struct {
	field, title string
	columns      []table.Column
}{
	{"resellerList", "resellers with an active partnership", []table.Column{{Heading: "RESELLER", Field: "name", Width: 36}, {Heading: "TENANT", Field: "resellerTenantId"},
		{Heading: "MPN ID", Field: "mpnId"}, {Heading: "SINCE", Field: "since"}, {Heading: "CUSTOMERS", Field: "customers", Right: true}, {Heading: "SEATS", Field: "seats", Right: true}}},
	{"openRequests", "open requests", []table.Column{{Heading: "REQUEST", Field: "requestId"}, {Heading: "E-MAIL", Field: "resellerEmail", Width: 36},
		{Heading: "REQUESTED", Field: "requestedAt"}, {Heading: "EXPIRES", Field: "expiresAt"}}},
	{"subscriptions", "subscriptions", []table.Column{{Heading: "SUBSCRIPTION", Field: "subscriptionId"}, {Heading: "OFFER", Field: "offerName", Width: 36},
		{Heading: "SEATS", Field: "quantity", Right: true}, {Heading: "STATUS", Field: "status"}, {Heading: "MPN ID ON RECORD", Field: "mpnId"}}},
	{"supportContacts", "support contacts", []table.Column{{Heading: "SUBSCRIPTION", Field: "subscriptionId"}, {Heading: "SUPPORT", Field: "name", Width: 36}, {Heading: "MPN ID", Field: "supportMpnId"}}},
	{"delegatedPrivileges", "delegated privileges", []table.Column{{Heading: "CUSTOMER", Field: "customerTenantId"}, {Heading: "GRANTEE", Field: "granteeTenantId"},
		{Heading: "KIND", Field: "kind"}, {Heading: "SINCE", Field: "since"}}},
}

// printReplayed prints a state for a person: how much there is of everything, and the first rows of it.
func printReplayed(w io.Writer, document jsontext.Value) error {
	var d map[string]jsontext.Value
	if err := json.Unmarshal(document, &d); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	var head struct {
		Instant  string `json:"instant"`
		Commands struct {
			Commands int64 `json:"commands"`
			Accepted int64 `json:"accepted"`
			Refused  int64 `json:"refused"`
		} `json:"commands"`
	}
	if err := json.Unmarshal(document, &head); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	fmt.Fprintf(w, "state at %s: %d commands, %d accepted, %d refused\n", head.Instant, head.Commands.Commands, head.Commands.Accepted, head.Commands.Refused)
	for _, list := range replayLists {
		var rows []jsontext.Value
		if err := json.Unmarshal(d[list.field], &rows); err != nil {
			return fmt.Errorf("replay: %s: %w", list.field, err)
		}
		fmt.Fprintf(w, "\n%d %s\n", len(rows), list.title)
		_, more, err := table.Print(w, list.columns, eachOf(rows), replayRows)
		if err != nil {
			return err
		}
		if more {
			fmt.Fprintf(w, "… and %d more; --json has all\n", len(rows)-replayRows)
		}
	}
	return nil
}

func eachOf(rows []jsontext.Value) iter.Seq2[jsontext.Value, error] {
	return func(yield func(jsontext.Value, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

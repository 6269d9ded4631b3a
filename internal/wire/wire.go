// Package wire holds what goes over HTTP between the ledger and its clients: answers to commands, pages
// of rows, problems. Both ends use these types, so that neither can drift.
package wire

import (
	"cmp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Status says what became of a command.
type Status string

// The closed set: refused means that saying it again changes nothing, failed that trying again may help.
const (
	Accepted Status = "accepted"
	Refused  Status = "refused"
	Failed   Status = "failed"
)

// Answer is what became of one command.
type Answer struct {
	Line        int64    `json:"line,omitzero" doc:"Number of the line it answers, where many were sent"`
	CommandID   string   `json:"commandId,omitzero" doc:"The command's id, as far as it could be read"`
	Status      Status   `json:"status" enum:"accepted,refused,failed" doc:"refused: saying it again changes nothing; failed: try again"`
	Code        string   `json:"code,omitzero" doc:"Stable code of the refusal or failure"`
	Message     string   `json:"message,omitzero" doc:"One sentence for a person"`
	Field       string   `json:"field,omitzero" doc:"JSON pointer of the field that can't be read"`
	VendorCodes []string `json:"vendorCodes,omitzero" doc:"The vendor's error codes with the same meaning"`
	Position    string   `json:"position,omitzero" doc:"Consistency token: a query with atLeast=<position> sees this command"`
	EventIDs    []string `json:"eventIds,omitzero" doc:"The events that the command recorded"`
	Repeated    bool     `json:"repeated,omitzero" doc:"The command was known; this is the answer it got the first time"`
}

// Page is a stretch of rows, and what they reflect.
type Page struct {
	Position string           `json:"position"`
	Reflects string           `json:"reflects,omitzero"`
	AsOf     string           `json:"asOf,omitzero"`
	Items    []jsontext.Value `json:"items"`
	Next     string           `json:"next,omitzero"`
}

// Problem is an RFC 9457 answer: why a request was not carried out, and what to do.
type Problem struct {
	Type      string `json:"type,omitzero"`
	Title     string `json:"title,omitzero"`
	Status    int    `json:"status"`
	Detail    string `json:"detail,omitzero"`
	Code      string `json:"code,omitzero"`
	CommandID string `json:"commandId,omitzero"`
	Field     string `json:"field,omitzero"`
	Position  string `json:"position,omitzero"`
	Errors    []struct {
		Message  string `json:"message,omitzero"`
		Location string `json:"location,omitzero"`
	} `json:"errors,omitzero"`
}

// Error is the detail, with what was wrong where, as one line without a period.
func (p *Problem) Error() string {
	text := strings.TrimSuffix(cmp.Or(p.Detail, p.Title), ".")
	for _, e := range p.Errors {
		text += "; " + e.Location + ": " + e.Message
	}
	return text
}

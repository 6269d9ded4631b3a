package intake

import (
	"fmt"
	"strings"
)

// Codes of what can't be read; stable like the refusal codes.
const (
	NotJSON           = "not-json"
	LineTooLong       = "line-too-long"
	UnknownCommand    = "unknown-command"
	MissingField      = "missing-field"
	UnknownField      = "unknown-field"
	WrongType         = "wrong-type"
	InvalidField      = "invalid-field"
	TimeInFuture      = "time-in-future"
	HistoryNotAllowed = "history-not-allowed"
)

// Fault says why a line can't be read: nothing was decided and nothing written. Field is the JSON
// pointer of the culprit within the line. Messages never quote a value of the data, which may be personal.
type Fault struct {
	Code    string
	Field   string
	Message string
}

// Error is the message.
func (f *Fault) Error() string { return f.Message }

func missing(field string) *Fault {
	return &Fault{Code: MissingField, Field: field, Message: fmt.Sprintf("The field %s is missing.", field)}
}

// clipMax bounds what a message repeats of the sender's own words.
const clipMax = 80

func clip(text string) string {
	if len(text) <= clipMax {
		return text
	}
	return strings.ToValidUTF8(text[:clipMax], "") + "…"
}

func orLine(field string) string {
	if field == "" {
		return "the top of the line"
	}
	return clip(field)
}

// plain drops the library's prefix from its message.
func plain(err error) string {
	if err == nil {
		return "malformed"
	}
	return strings.TrimPrefix(err.Error(), "jsontext: ")
}

package domain

import (
	"fmt"
	"strconv"
	"time"
)

// TenantID identifies an organization: a provider, a reseller or a customer. Lower-case canonical UUID.
type TenantID string

// MPNID is a partner id as text, compared as text: "0123456" is not "123456" (DOMAIN.md §2.1).
type MPNID string

// Numeric tells whether the id has the form that the vendor accepts: 1 to 10 ASCII digits.
func (id MPNID) Numeric() bool {
	if len(id) < 1 || len(id) > 10 {
		return false
	}
	for _, c := range []byte(id) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// RequestID identifies a partnership request. Lower-case canonical UUID.
type RequestID string

// SubscriptionID identifies a subscription within a customer. Lower-case canonical UUID.
type SubscriptionID string

// OrderID identifies an order within a customer; it is opaque, not always a UUID.
type OrderID string

// CommandID is the idempotency key of a command: one for each intention. Lower-case canonical UUID.
type CommandID string

// Place orders facts by where they stand in the log. Only comparisons have a meaning.
type Place uint64

// PlaceNext stands for the place of what is being decided: after everything known.
const PlaceNext = Place(1<<64 - 1)

// Instant is a moment in milliseconds since the Unix epoch, UTC: the unit of all the ledger's arithmetic.
// Its text form is RFC 3339 with Z, with three decimals or none.
type Instant int64

// Spans of time, in milliseconds.
const (
	Second = Instant(1000)
	Minute = 60 * Second
	Hour   = 60 * Minute
	Day    = 24 * Hour
)

// MaxInstant is later than every moment the ledger knows: the end of an interval still open.
const MaxInstant = Instant(1<<63 - 1)

// InstantOf cuts t to milliseconds.
func InstantOf(t time.Time) Instant { return Instant(t.UnixMilli()) }

// Time is the moment as the standard library's type, in UTC.
func (i Instant) Time() time.Time { return time.UnixMilli(int64(i)).UTC() }

// ParseInstant reads RFC 3339 with Z and at most three decimals; anything else is an error that quotes it.
func ParseInstant(text string) (Instant, error) {
	if len(text) < 20 || len(text) > 24 || text[len(text)-1] != 'Z' {
		return 0, fmt.Errorf("time %q is not RFC 3339 in UTC with at most milliseconds", text)
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return 0, fmt.Errorf("time %q is not RFC 3339 in UTC with at most milliseconds", text)
	}
	return InstantOf(t), nil
}

// String is the text form: whole seconds, or three decimals where there are milliseconds.
func (i Instant) String() string {
	if i%1000 == 0 {
		return i.Time().Format("2006-01-02T15:04:05Z")
	}
	return i.Time().Format("2006-01-02T15:04:05.000Z")
}

// MarshalText gives the text form.
func (i Instant) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads the text form.
func (i *Instant) UnmarshalText(text []byte) (err error) {
	*i, err = ParseInstant(string(text))
	return err
}

// Date is a calendar day in UTC, as yyyy-mm-dd; dates compare as text.
type Date string

// DateOf is the UTC day of a moment.
func DateOf(i Instant) Date { return Date(i.Time().Format(time.DateOnly)) }

// Month is a calendar month in UTC, as yyyy-mm; months compare as text.
type Month string

// MonthOf is the UTC month of a moment.
func MonthOf(i Instant) Month { return Month(i.Time().Format("2006-01")) }

// Start is the first instant of the month, and Next's start is its end (half-open).
func (m Month) Start() (Instant, error) {
	t, err := time.Parse("2006-01", string(m))
	if err != nil {
		return 0, fmt.Errorf("month %q is not of the form yyyy-mm", string(m))
	}
	return InstantOf(t), nil
}

// Stream names one stream: its category and the id within it. The stored name is category-id.
type Stream struct{ Category, ID string }

// String is the stored name of the stream.
func (s Stream) String() string { return s.Category + "-" + s.ID }

// Personal is text about a person (a name, an e-mail, a phone number, an address line, a message).
//
// It MUST NOT reach an event, a read model, a log line, an error or a metric in clear: every way of
// printing it gives "[personal]", and package eventstore stores it sealed under the key of the data
// subject. What was decoded without that key, or after it was destroyed, has only its sealed form.
type Personal struct{ clear, sealed string }

// PersonalText makes a personal text from what a person typed.
func PersonalText(clear string) Personal { return Personal{clear: clear} }

// SealedText makes a personal text of which only the sealed form is known.
func SealedText(sealed string) Personal { return Personal{sealed: sealed} }

// Reveal gives the text in clear; it is empty where only the sealed form is known.
func (p Personal) Reveal() string { return p.clear }

// Sealed gives the sealed form with what it is bound to; it is empty for text that was never stored.
func (p Personal) Sealed() string { return p.sealed }

// WithSealed adds the sealed form to a text known in clear.
func (p Personal) WithSealed(sealed string) Personal { p.sealed = sealed; return p }

// IsZero tells that nothing was said at all.
func (p Personal) IsZero() bool { return p == Personal{} }

// String hides the text.
func (p Personal) String() string { return "[personal]" }

// GoString hides the text from %#v.
func (p Personal) GoString() string { return strconv.Quote("[personal]") }

// MarshalText hides the text: only the codec, which seals it, has a way around.
func (p Personal) MarshalText() ([]byte, error) { return []byte("[personal]"), nil }

// UnmarshalText reads what a person typed in a command.
func (p *Personal) UnmarshalText(text []byte) error { p.clear = string(text); return nil }

// Package state answers the largest question there is: the whole state of the ledger at an instant, as
// it was known at another, as one document. It is assembled from the queries of the read models, which
// MUST be read in one snapshot; the workload's README, §6, says what each field means.
package state

import (
	"context"
	"fmt"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
	creditrows "github.com/partnerledger/partnerledger/projections/credit"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// Question is about the state AsOf an instant, AsKnownAt another; without both, about the latest.
type Question = readmodel.Question

// Document is the state as a whole. Lists are sorted by their ids; refusals and intervals by time.
type Document struct {
	Question
	Instant               domain.Instant              `json:"instant"`
	Commands              Counts                      `json:"commands"`
	Refused               []Refused                   `json:"refused"`
	ResellerList          []Reseller                  `json:"resellerList"`
	OpenRequests          []OpenRequest               `json:"openRequests"`
	CustomersByReseller   []ResellerCustomers         `json:"customersByReseller"`
	Subscriptions         []Subscription              `json:"subscriptions"`
	SupportContacts       []SupportContact            `json:"supportContacts"`
	DelegatedPrivileges   []Privilege                 `json:"delegatedPrivileges"`
	ResellerOfRecord      []OnRecord                  `json:"resellerOfRecord"`
	ResellerOfRecordClose []OnRecord                  `json:"resellerOfRecordClose"`
	SeatDays              ByPolicy[SeatDays]          `json:"seatDays"`
	UncreditedSeatDays    ByPolicy[UncreditedSeatDay] `json:"uncreditedSeatDays"`
}

// Counts are the lines submitted up to the instant.
type Counts struct {
	Commands int64 `json:"commands"`
	Accepted int64 `json:"accepted"`
	Refused  int64 `json:"refused"`
	Repeated int64 `json:"repeated"`
}

// Refused is a line that was refused, numbered from 1 in the order submitted.
type Refused struct {
	Line      int64            `json:"line"`
	CommandID domain.CommandID `json:"commandId"`
	Code      string           `json:"code"`
}

// ByPolicy holds the same under both credit policies.
type ByPolicy[T any] struct {
	Keep  []T `json:"keep"`
	Close []T `json:"close"`
}

// Journal knows what was submitted, line by line: what no event tells, a repetition above all.
type Journal interface {
	// Counts counts the lines with at ≤ until; repeated ones are counted in accepted or refused too.
	Counts(ctx context.Context, until domain.Instant) (Counts, error)
	// Refused are the refused ones among them, in the order submitted.
	Refused(ctx context.Context, until domain.Instant) ([]Refused, error)
	// LastAt is the time of the last line, and false where there is none.
	LastAt(ctx context.Context) (domain.Instant, bool, error)
}

// Assembler makes documents.
type Assembler struct {
	Journal Journal
	// Reveal opens a sealed text, or says in its stead that it was erased.
	Reveal func(sealed string) (string, error)
}

// Document is the answer to the question. The reader MUST be one snapshot.
func (a Assembler) Document(ctx context.Context, r sqldb.Reader, q Question) (*Document, error) {
	at, err := a.place(ctx, r, q)
	if err != nil {
		return nil, fmt.Errorf("instant of the state: %w", err)
	}
	d := &Document{Question: q, Instant: at.Instant}
	for _, part := range []struct {
		name string
		read func() error
	}{
		{"commands", func() (err error) { d.Commands, err = a.Journal.Counts(ctx, at.Facts); return err }},
		{"refusals", func() (err error) { d.Refused, err = a.Journal.Refused(ctx, at.Facts); return err }},
		{"resellers", func() (err error) { d.ResellerList, err = resellers(ctx, r, at); return err }},
		{"requests", func() (err error) { d.OpenRequests, err = a.requests(ctx, r, at); return err }},
		{"customers", func() (err error) { d.CustomersByReseller, err = customersByReseller(ctx, r, at); return err }},
		{"subscriptions", func() (err error) { d.Subscriptions, err = subscriptionsThen(ctx, r, at); return err }},
		{"support contacts", func() (err error) { d.SupportContacts, err = supportContacts(ctx, r, at); return err }},
		{"privileges", func() (err error) { d.DelegatedPrivileges, err = privileges(ctx, r, at); return err }},
		{"credit", func() error { return d.addCredit(ctx, r, at) }},
	} {
		if err := part.read(); err != nil {
			return nil, fmt.Errorf("state as of %s: %s: %w", at.Instant, part.name, err)
		}
	}
	return d, nil
}

// place is the point of the question; without one it is about the last line or, where nothing was
// submitted line by line, the newest fact.
func (a Assembler) place(ctx context.Context, r sqldb.Reader, q Question) (readmodel.Point, error) {
	if q.AsOf != nil || q.AsKnownAt != nil {
		return q.At(0), nil
	}
	last, found, err := a.Journal.LastAt(ctx)
	if err == nil && !found {
		last, err = newest(ctx, r)
	}
	return Question{AsOf: &last}.At(last), err
}

// addCredit adds what is on record and what it earned, under both policies.
func (d *Document) addCredit(ctx context.Context, r sqldb.Reader, at readmodel.Point) error {
	steps, err := creditrows.SeatSteps(ctx, r, creditrows.Filter{At: at})
	if err != nil {
		return err
	}
	keep, err := accounts(ctx, r, steps, creditrows.Filter{At: at, Policy: credit.Keep})
	if err != nil {
		return err
	}
	closed, err := accounts(ctx, r, steps, creditrows.Filter{At: at, Policy: credit.Close})
	if err != nil {
		return err
	}
	d.ResellerOfRecord, d.ResellerOfRecordClose = onRecord(keep), differing(keep, closed)
	d.SeatDays.Keep, d.UncreditedSeatDays.Keep = sums(keep, at.Instant)
	d.SeatDays.Close, d.UncreditedSeatDays.Close = sums(closed, at.Instant)
	return nil
}

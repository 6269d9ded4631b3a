// Package changes answers what changed between two instants, or between two states of knowledge, line by
// line, each with the event that caused it. It has no tables and no projection of its own: every
// relationship is kept as an interval already, so what differs between two points are the rows that hold at
// one of them and not at the other. One statement made from a description finds them, whatever the table:
//
//	sources.go   which tables there are, and what a row of each says
//	credited.go  the same for what is on record, where knowledge changes as well
//	select.go    the statement made from a description
//	between.go   its rows become lines, page by page
//	causes.go    which event made a field what it is
package changes

import (
	"errors"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
	"github.com/partnerledger/partnerledger/projections/readmodel"
)

// ErrOrder says that the second point lies before the first, in one time or the other.
var ErrOrder = errors.New("the second instant MUST NOT be before the first, nor what was known at it before what was known at the first")

// Filter says between which points, and about whom; what is empty doesn't matter, but for the policy of
// credit, which is Keep. A reseller asked for is meant where it had to do with something at either point:
// a customer that left it for another is about both.
type Filter struct {
	Before, After readmodel.Point
	Provider      domain.TenantID
	Reseller      domain.TenantID
	Customer      domain.TenantID
	Subscription  domain.SubscriptionID
	Entity        string // one of Entities
	Policy        credit.Policy
}

// Line is one field of one entity that isn't what it was. Before is null where the entity wasn't there, After
// where it isn't any more.
type Line struct {
	Entity           string                `json:"entity"`
	ProviderTenantID domain.TenantID       `json:"providerTenantId,omitzero"`
	ResellerTenantID domain.TenantID       `json:"resellerTenantId,omitzero"`
	CustomerTenantID domain.TenantID       `json:"customerTenantId,omitzero"`
	SubscriptionID   domain.SubscriptionID `json:"subscriptionId,omitzero"`
	// Item tells apart what one of these has several of: the kind of a privilege, the region of an agreement,
	// the MPN ID of a location, the id of a request, the beginning of a credit interval.
	Item string `json:"item,omitzero"`
	// Name is the company's, for people to read.
	Name   string  `json:"name,omitzero"`
	Field  string  `json:"field"`
	Before *string `json:"before"`
	After  *string `json:"after"`
	Cause
}

// Cause is the event that made the field what it is at the second point: the last one to do so.
type Cause struct {
	// Expired says that nobody did anything: a term that the event had set ran out.
	Expired      bool             `json:"expired,omitzero"`
	Seq          int64            `json:"seq"`
	EventID      string           `json:"eventId"`
	Type         string           `json:"type"`
	At           domain.Instant   `json:"at"`          // recorded
	EffectiveAt  domain.Instant   `json:"effectiveAt"` // another than At in a correction
	User         string           `json:"user"`
	UserTenantID domain.TenantID  `json:"userTenantId"`
	Role         domain.Role      `json:"role"`
	Reason       string           `json:"reason,omitzero"`
	CommandID    domain.CommandID `json:"commandId"`
	Summary      string           `json:"summary"`
}

// Entities are the kinds of lines there are, in their order.
func Entities() []string {
	var names []string
	for _, s := range sources {
		names = append(names, s.entity)
	}
	return names
}

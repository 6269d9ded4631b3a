// Package access puts on record who read personal data, what and why: an auditor's reads are events too. It is
// written before the data is shown, so that what isn't on record wasn't shown.
//
//	(about to be shown) ── PersonalDataRead ──▶ shown
//
// Like upkeep it is no part of the published vocabulary.
package access

import (
	"strings"

	"github.com/partnerledger/partnerledger/domain"
)

// Category is the category of the streams, one for each reader's organization and month.
const Category = "personaldatareads"

// The refusals of this package.
const (
	ReasonMissing domain.Code = "reason-missing"
	ReaderMissing domain.Code = "reader-missing"
)

// RecordRead is the wish to read personal data. The reader's organization and the month say in which stream it is
// to stand, so that none grows without end.
type RecordRead struct {
	ReaderTenantID domain.TenantID `json:"readerTenantId"`
	Month          domain.Month    `json:"month"`
	What           string          `json:"what"`
	Subjects       int             `json:"subjects"`
	Reason         string          `json:"reason"`
}

// CommandType is the name on record.
func (RecordRead) CommandType() string { return "RecordRead" }

// Target is the stream of the reader's organization and the month.
func (c RecordRead) Target() domain.Stream {
	return domain.Stream{Category: Category, ID: string(c.ReaderTenantID) + "." + string(c.Month)}
}

// Parties names nobody: whose data it is may be many.
func (RecordRead) Parties() domain.Parties { return domain.Parties{} }

// Grants are who may read personal data on record: everybody but the feed, which only brings facts.
var Grants = []domain.Grant{{Side: domain.AnySide, Roles: []domain.Role{domain.Auditor, domain.GlobalAdmin, domain.UserManagementAdmin,
	domain.AdminAgent, domain.SalesAgent, domain.HelpdeskAgent, domain.BillingAdmin}}}

// Commands holds one empty example of each command of this package.
var Commands = []domain.Command{RecordRead{}}

// These names and fields are the stored form. They are frozen: never rename, never reuse.

// PersonalDataRead says that somebody, the actor in the metadata, was shown personal data of so many data
// subjects: what, and why. It names none of them, and holds nothing of what was shown.
type PersonalDataRead struct {
	What     string `json:"what"`
	Subjects int    `json:"subjects"`
	Reason   string `json:"reason"`
}

// EventType is the stored name, frozen.
func (PersonalDataRead) EventType() string { return "PersonalDataRead" }

// Events holds one filled example of each event of this package.
var Events = []domain.Event{PersonalDataRead{What: "reseller e-mail addresses of partnership requests", Subjects: 12, Reason: "yearly audit 2024"}}

// Fold counts the reads; nothing is decided from them.
var Fold = domain.Fold[int]{Category: Category, Evolve: func(n int, _ domain.Happened) int { return n + 1 }}

// Decide refuses, in this order: reader-missing, reason-missing.
func Decide(_ int, _ *domain.Facts, in domain.Intent) (domain.Decision, error) {
	c, ok := in.Command.(RecordRead)
	switch {
	case !ok:
		return domain.Decision{}, domain.NotMine(Category, in.Command)
	case strings.TrimSpace(in.Actor.UserPrincipalName) == "":
		return domain.Decision{}, domain.Refuse(ReaderMissing).Says("Say who reads: personal data is shown to named people alone.")
	case strings.TrimSpace(c.Reason) == "":
		return domain.Decision{}, domain.Refuse(ReasonMissing).Says("Say why personal data is to be shown; the reason stays on record.")
	}
	return domain.Decision{Events: []domain.Event{PersonalDataRead{What: c.What, Subjects: c.Subjects, Reason: c.Reason}}}, nil
}

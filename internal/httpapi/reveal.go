package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/access"
	"github.com/partnerledger/partnerledger/eventstore"
)

// What stands in the place of a personal text that isn't shown.
const (
	// Erased stands where the data subject was forgotten.
	Erased = "[erased]"
	// Hidden stands where nobody said who reads, and why.
	Hidden = "[personal]"
)

// Reveal is what a question takes whose answer holds personal texts. Without reveal they are blanked. With it
// the request says who reads and why, and that is on record, as an event, before the answer is given: where it
// can't be recorded nothing is shown.
//
// Who reads is believed for as long as nobody signs in. Then it comes from the sign-in instead; nothing else
// changes.
type Reveal struct {
	Reveal bool   `query:"reveal" doc:"Show personal texts; say who reads and why, which stays on record as an event"`
	Reader string `query:"reader" maxLength:"254" doc:"With reveal: the user principal name of whom they are shown to"`
	Tenant string `query:"readerTenant" format:"uuid" doc:"With reveal: the reader's organization (tenant id)"`
	Role   string `query:"readerRole" enum:"Auditor,GlobalAdmin,UserManagementAdmin,AdminAgent,SalesAgent,HelpdeskAgent,BillingAdmin" default:"Auditor" doc:"With reveal: the reader's role"`
	Reason string `query:"reason" maxLength:"1000" doc:"With reveal: why"`
}

// named tells whether the request says who reads.
func (v Reveal) named() bool { return v.Reveal || v.Reader != "" }

// faults refuses, in this order: reader-missing, reason-missing.
func (v Reveal) faults() error {
	switch {
	case !v.Reveal:
		return nil
	case len(strings.TrimSpace(v.Reader)) < 3 || v.Tenant == "":
		return faulty(http.StatusUnprocessableEntity, string(access.ReaderMissing), "Say who reads (reader, readerTenant): personal texts are shown to named people alone.")
	case strings.TrimSpace(v.Reason) == "":
		return faulty(http.StatusUnprocessableEntity, string(access.ReasonMissing), "Say why personal texts are to be shown (reason); it stays on record.")
	}
	return nil
}

// curtain is what is between the sealed texts of one answer and its reader.
type curtain struct {
	api      *API
	open     bool
	subjects map[string]bool
}

// text opens a sealed text, or gives what stands in its place.
func (c *curtain) text(sealed string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	ref, err := eventstore.ParseSealedRef(sealed)
	if err != nil {
		return "", err
	}
	clear, err := ref.Open(c.api.sealer)
	switch {
	case errors.Is(err, eventstore.ErrForgotten):
		return Erased, nil
	case err != nil:
		return "", err
	case !c.open:
		return Hidden, nil
	}
	c.subjects[ref.Subject()] = true
	return clear, nil
}

// show makes the answer that show fills in, through a curtain that is open if the request says who reads. What is
// shown is on record when it returns; otherwise it returns an error, and the answer MUST NOT be given.
func (a *API) show(ctx context.Context, v Reveal, what string, fill func(reveal func(string) (string, error)) error) error {
	if err := v.faults(); err != nil {
		return err
	}
	c := &curtain{api: a, open: v.Reveal, subjects: map[string]bool{}}
	if err := fill(c.text); err != nil || len(c.subjects) == 0 {
		return err
	}
	reader := domain.Actor{UserPrincipalName: strings.TrimSpace(v.Reader), TenantID: domain.TenantID(v.Tenant), Role: domain.Role(v.Role)}
	_, err := a.issue(ctx, "", reader, access.RecordRead{ReaderTenantID: reader.TenantID, Month: domain.MonthOf(a.instant()), What: what,
		Subjects: len(c.subjects), Reason: strings.TrimSpace(v.Reason)})
	return err
}

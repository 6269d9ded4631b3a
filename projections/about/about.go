// Package about says what an event is about: which organizations and objects it names, and what it
// changed, in words short enough for a table. No personal text is among them.
package about

import (
	"fmt"
	"strings"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/access"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/legalhold"
	"github.com/partnerledger/partnerledger/domain/outcome"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/provider"
	"github.com/partnerledger/partnerledger/domain/reseller"
	"github.com/partnerledger/partnerledger/domain/upkeep"
)

// About is what an event names, what it changed, and the reason given; empty where there is none.
type About struct {
	Provider     domain.TenantID
	Reseller     domain.TenantID // or the provider itself, where it grants itself privileges
	Customer     domain.TenantID
	Subscription domain.SubscriptionID
	Request      domain.RequestID
	Order        domain.OrderID
	MPNID        domain.MPNID
	// PreviousReseller and PreviousMPNID are who had what the event gives to somebody else, or to nobody.
	PreviousReseller domain.TenantID
	PreviousMPNID    domain.MPNID
	Summary          string
	Reason           string
}

// Unknown says that an event of the vocabulary isn't described: a fault of the program.
type Unknown struct{ EventType string }

// Error names the event.
func (e *Unknown) Error() string { return "nothing is known of what " + e.EventType + " is about" }

// Of describes an event. Claims aren't described: they say nothing that the fact after them doesn't.
func Of(e domain.Event) (About, error) {
	for _, describe := range []func(domain.Event) (About, bool){reference, partnerships, customers, subscriptions, outcomes} {
		if a, ok := describe(e); ok {
			return a, nil
		}
	}
	return About{}, &Unknown{e.EventType()}
}

func reference(e domain.Event) (About, bool) {
	switch e := e.(type) {
	case provider.ProviderRegistered:
		return About{Provider: e.ProviderTenantID, MPNID: e.MPNID, Summary: e.Name + ", " + e.Region}, true
	case reseller.ResellerEnrolled:
		return About{Reseller: e.ResellerTenantID, MPNID: e.GlobalMPNID, Summary: e.Name + ", " + e.Region}, true
	case reseller.PartnerLocationRegistered:
		return About{Reseller: e.ResellerTenantID, MPNID: e.MPNID, Summary: "location " + string(e.MPNID) + " in " + e.Country}, true
	case reseller.PartnerLocationDeleted:
		return About{Reseller: e.ResellerTenantID, MPNID: e.MPNID, Summary: "location " + string(e.MPNID) + " deleted"}, true
	case reseller.PartnerAgreementSigned:
		return About{Reseller: e.ResellerTenantID, Summary: "partner agreement signed for " + e.Region}, true
	case reseller.ResellerSuspended:
		return About{Reseller: e.ResellerTenantID, Summary: "account active → suspended", Reason: e.Reason}, true
	case reseller.ResellerReinstated:
		return About{Reseller: e.ResellerTenantID, Summary: "account suspended → active", Reason: e.Reason}, true
	case reseller.ResellerDeauthorized:
		return About{Reseller: e.ResellerTenantID, Summary: "account deauthorized", Reason: e.Reason}, true
	}
	return About{}, false
}

func partnerships(e domain.Event) (About, bool) {
	switch e := e.(type) {
	case partnership.PartnershipRequested:
		return About{Provider: e.ProviderTenantID, Request: e.RequestID, Summary: "request sent, open until " + e.ExpiresAt.String()}, true
	case partnership.PartnershipRequestAccepted:
		return About{Provider: e.ProviderTenantID, Reseller: e.ResellerTenantID, Request: e.RequestID, MPNID: e.MPNID, Summary: "request accepted by " + e.Name}, true
	case partnership.PartnershipDeclined:
		return About{Provider: e.ProviderTenantID, Reseller: e.ResellerTenantID, Request: e.RequestID, Summary: "request declined", Reason: e.Reason}, true
	case partnership.PartnershipRequestWithdrawn:
		return About{Provider: e.ProviderTenantID, Request: e.RequestID, Summary: "request withdrawn", Reason: e.Reason}, true
	case partnership.InviteeErasureRequested:
		return ofInvitee(e.Invitee, "erasure "+e.ErasureID+" of the request's personal data requested by "+e.RequestedBy, e.Reason)
	case partnership.InviteeErasureApproved:
		return ofInvitee(e.Invitee, "erasure "+e.ErasureID+" requested by "+e.RequestedBy+" approved by "+e.Approver, "")
	case partnership.InviteeErasureWithdrawn:
		return ofInvitee(e.Invitee, "erasure "+e.ErasureID+" withdrawn", e.Reason)
	case partnership.InviteeForgotten:
		return ofInvitee(e.Invitee, "personal data of the request erased", e.Reason)
	case partnership.PartnershipAccepted:
		return About{Provider: e.ProviderTenantID, Reseller: e.ResellerTenantID, Request: e.RequestID, MPNID: e.MPNID, Summary: "partnership with " + e.Name + " begins"}, true
	case partnership.PartnershipRemoved:
		return About{Provider: e.ProviderTenantID, Reseller: e.ResellerTenantID, Request: e.RequestID, Reason: e.Reason,
			Summary: "partnership ends; representation " + e.RepresentationVersion + " given"}, true
	case partnership.TerminationNoticeRecorded:
		return About{Provider: e.ProviderTenantID, Reseller: e.ResellerTenantID, Customer: e.CustomerTenantID,
			Summary: fmt.Sprintf("notice to the %s by %s, sent %s", e.Party, e.Method, e.SentAt)}, true
	}
	return About{}, false
}

func ofCustomer(k customer.Key, summary, reason string) (About, bool) {
	return About{Provider: k.ProviderTenantID, Customer: k.CustomerTenantID, Summary: summary, Reason: reason}, true
}

func customers(e domain.Event) (About, bool) {
	switch e := e.(type) {
	case customer.CustomerAdded:
		return ofCustomer(e.Key, e.CompanyName+", "+e.Domain, "")
	case customer.CustomerAssociatedWithReseller:
		a, ok := ofCustomer(e.Key, change("reseller", string(e.PreviousResellerTenantID), string(e.ResellerTenantID)), "")
		a.Reseller, a.PreviousReseller = e.ResellerTenantID, e.PreviousResellerTenantID
		return a, ok
	case customer.CustomerDissociatedFromReseller:
		a, ok := ofCustomer(e.Key, change("reseller", string(e.ResellerTenantID), ""), "")
		a.PreviousReseller = e.ResellerTenantID
		return a, ok
	case customer.DelegatedAdminPrivilegesGranted:
		a, ok := ofCustomer(e.Key, strings.TrimSpace(e.Kind+" granted "+strings.Join(e.Roles, ", ")), "")
		a.Reseller = e.GranteeTenantID
		return a, ok
	case customer.DelegatedAdminPrivilegesRevoked:
		a, ok := ofCustomer(e.Key, e.Kind+" revoked", e.Reason)
		a.Reseller = e.GranteeTenantID
		return a, ok
	case customer.CustomerAgreementConfirmed:
		return ofCustomer(e.Key, "customer agreement of "+string(e.DateAgreed)+" confirmed", "")
	case customer.ContactForgotten:
		return ofCustomer(e.Key, "personal data of the contacts erased", e.Reason)
	case customer.ContactErasureRequested:
		return ofCustomer(e.Key, "erasure "+e.ErasureID+" of the contacts' personal data requested by "+e.RequestedBy, e.Reason)
	case customer.ContactErasureApproved:
		return ofCustomer(e.Key, "erasure "+e.ErasureID+" requested by "+e.RequestedBy+" approved by "+e.Approver, "")
	case customer.ContactErasureWithdrawn:
		return ofCustomer(e.Key, "erasure "+e.ErasureID+" withdrawn", e.Reason)
	case customer.OrderSubmitted:
		a, ok := ofCustomer(e.Key, fmt.Sprintf("order %s, lines: %d", e.OrderID, e.Lines), "")
		a.Order = e.OrderID
		return a, ok
	}
	return About{}, false
}

func ofSubscription(k customer.Key, id domain.SubscriptionID, summary, reason string) (About, bool) {
	a, ok := ofCustomer(k, summary, reason)
	a.Subscription = id
	return a, ok
}

func subscriptions(e domain.Event) (About, bool) {
	switch e := e.(type) {
	case customer.SubscriptionPurchased:
		a, ok := ofSubscription(e.Key, e.SubscriptionID, fmt.Sprintf("%s, seats: %d, term %s", e.OfferName, e.Quantity, e.TermDuration), "")
		a.Order = e.OrderID
		return a, ok
	case customer.SupportContactAssigned:
		return support(e)
	case customer.QuantityChanged:
		return ofSubscription(e.Key, e.SubscriptionID, fmt.Sprintf("seats %d → %d", e.Old, e.New), "")
	case customer.SubscriptionUpgraded:
		return ofSubscription(e.Key, e.SubscriptionID, upgrade(e), "")
	case customer.SubscriptionSuspended:
		return ofSubscription(e.Key, e.SubscriptionID, "active → suspended", e.Reason)
	case customer.SubscriptionReactivated:
		return ofSubscription(e.Key, e.SubscriptionID, "suspended → active", e.Reason)
	case customer.SubscriptionCancelled:
		return ofSubscription(e.Key, e.SubscriptionID, "cancelled", e.Reason)
	case customer.SubscriptionRenewed:
		return ofSubscription(e.Key, e.SubscriptionID, "renewed for "+e.TermDuration+", "+e.BillingCycle, e.Reason)
	}
	return record(e)
}

func record(e domain.Event) (a About, ok bool) {
	switch e := e.(type) {
	case customer.ResellerOfRecordAssigned:
		a, ok = ofSubscription(e.Key, e.SubscriptionID, change("reseller of record", string(e.PreviousMPNID), string(e.MPNID)), "")
		a.Reseller, a.MPNID, a.PreviousMPNID = e.ResellerTenantID, e.MPNID, e.PreviousMPNID
	case customer.ResellerOfRecordCleared:
		a, ok = ofSubscription(e.Key, e.SubscriptionID, change("reseller of record", string(e.PreviousMPNID), ""), e.Reason)
		a.PreviousMPNID = e.PreviousMPNID
	case customer.ResellerOfRecordCorrected:
		a, ok = ofSubscription(e.Key, e.SubscriptionID, "reseller of record corrected to "+string(e.MPNID)+" since "+e.From.String(), e.Reason)
		a.Reseller, a.MPNID = e.ResellerTenantID, e.MPNID
	}
	return a, ok
}

// support names the resellers among the contacts: at first, and often after, it is the provider.
func support(e customer.SupportContactAssigned) (About, bool) {
	before := string(e.PreviousSupportTenantID)
	if e.PreviousSupportTenantID == e.ProviderTenantID {
		before = "the provider"
	}
	a, ok := ofSubscription(e.Key, e.SubscriptionID, change("support contact", before, e.SupportName), "")
	if e.SupportTenantID != e.ProviderTenantID {
		a.Reseller, a.MPNID = e.SupportTenantID, e.SupportMPNID
	}
	if e.PreviousSupportTenantID != e.ProviderTenantID {
		a.PreviousReseller = e.PreviousSupportTenantID
	}
	return a, ok
}

func upgrade(e customer.SubscriptionUpgraded) string {
	if e.NewSubscriptionID == "" {
		return "offer " + e.FromOfferID + " → " + e.ToOfferName
	}
	return fmt.Sprintf("%d of %d seats upgraded to %s as %s", e.Moved, e.Moved+e.Remaining, e.ToOfferName, e.NewSubscriptionID)
}

func outcomes(e domain.Event) (About, bool) {
	switch e := e.(type) {
	case outcome.CommandRefused:
		return About{Provider: e.ProviderTenantID, Reseller: e.ResellerTenantID, Customer: e.CustomerTenantID,
			Summary: e.CommandType + " refused: " + string(e.Code)}, true
	case outcome.CommandChangedNothing:
		return About{Provider: e.ProviderTenantID, Reseller: e.ResellerTenantID, Customer: e.CustomerTenantID,
			Summary: e.CommandType + " changed nothing"}, true
	case access.PersonalDataRead:
		return About{Summary: fmt.Sprintf("personal data read, of %d data subjects: %s", e.Subjects, e.What), Reason: e.Reason}, true
	case legalhold.LegalHoldPlaced:
		return About{Provider: e.ProviderTenantID, Customer: e.CustomerTenantID, Summary: "legal hold " + e.HoldID + " placed", Reason: e.Reason}, true
	case legalhold.LegalHoldLifted:
		return About{Provider: e.ProviderTenantID, Customer: e.CustomerTenantID, Summary: "legal hold " + e.HoldID + " lifted", Reason: e.Reason}, true
	case upkeep.ProjectionEventSkipped:
		return About{Summary: fmt.Sprintf("event %s (%s) at position %d skipped by projection %s", e.EventID, e.Type, e.Position, e.Projection),
			Reason: e.Reason}, true
	case upkeep.ReadModelSealed:
		return About{Summary: fmt.Sprintf("read model %s, version %d, made of %d events, sealed: %d rows, digest %s", e.Projection, e.Version, e.Events, e.Rows, e.Digest)}, true
	}
	return About{}, false
}

func change(what, from, to string) string {
	return what + " " + orNone(from) + " → " + orNone(to)
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

func ofInvitee(i partnership.Invitee, summary, reason string) (About, bool) {
	return About{Provider: i.ProviderTenantID, Request: i.RequestID, Summary: summary, Reason: reason}, true
}

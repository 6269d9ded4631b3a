package customer

import "github.com/partnerledger/partnerledger/domain"

// correctable is how far a correction may reach back.
const correctable = 90 * domain.Day

// CorrectResellerOfRecord says that another reseller should have been on record since EffectiveFrom.
// Old events stay; the intervals are rebuilt.
type CorrectResellerOfRecord struct {
	Key
	SubscriptionID domain.SubscriptionID `json:"subscriptionId"`
	MPNID          domain.MPNID          `json:"mpnId"`
	EffectiveFrom  domain.Instant        `json:"effectiveFrom"`
	Reason         string                `json:"reason"`
	Approver       string                `json:"approver,omitzero"`
}

// CommandType is the name on the wire.
func (CorrectResellerOfRecord) CommandType() string { return "CorrectResellerOfRecord" }

// correctReseller refuses, in this order: customer-not-found, subscription-not-found, effective-in-future,
// effective-before-purchase, effective-too-old, subscription-ended (before then), and what checkID refuses
// as the partner stood then. Each correction is recorded, also of what was so already.
func correctReseller(s State, f *domain.Facts, at domain.Instant, c CorrectResellerOfRecord) (domain.Decision, error) {
	sub, err := s.find(c.SubscriptionID)
	if err != nil {
		return domain.Decision{}, err
	}
	switch {
	case c.EffectiveFrom > at:
		return refused(domain.EffectiveInFuture)
	case c.EffectiveFrom < sub.Purchased:
		return refused(domain.EffectiveBeforePurchase)
	case c.EffectiveFrom < at-correctable:
		return refused(domain.EffectiveTooOld)
	case sub.Ended != nil && c.EffectiveFrom >= *sub.Ended:
		return refused(domain.SubscriptionEnded, string(c.SubscriptionID))
	}
	owner, err := c.checkID(f, c.MPNID, c.EffectiveFrom)
	if err != nil {
		return domain.Decision{}, err
	}
	return recorded(ResellerOfRecordCorrected{Key: c.Key, SubscriptionID: c.SubscriptionID, MPNID: c.MPNID, ResellerTenantID: owner,
		From: c.EffectiveFrom, Reason: c.Reason, Approver: c.Approver})
}

package partners

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/partnership"
)

func (c change) request(f partnership.PartnershipRequested) error {
	return requests.Insert(c.rows, &asked{ID: f.RequestID, Provider: f.ProviderTenantID, ResellerEmailSealed: f.ResellerEmail.Sealed(),
		Delivery: f.Delivery, RequestedAt: c.e.Meta.At, Seq: c.place(), RequestedBy: c.e.Meta.Actor.UserPrincipalName, ExpiresAt: f.ExpiresAt})
}

// closing is how a request was answered.
type closing struct {
	request  domain.RequestID
	how      string
	reseller domain.TenantID
	reason   string
}

func (c change) closeRequest(f closing) error {
	r, err := requests.Get(c.ctx, c.rows, &asked{ID: f.request})
	if err != nil {
		return err
	}
	if r == nil || r.closed() {
		return errUnknown
	}
	r.ClosedSeq = c.ending()
	r.ClosedAt, r.ClosedHow, r.ClosedBy, r.Reseller, r.Reason = c.now(), f.how, c.user(), f.reseller, f.reason
	requests.Change(c.rows, r)
	return nil
}

func (c change) beginEpisode(f partnership.PartnershipAccepted) error {
	return partnerships.Insert(c.rows, &episode{Provider: f.ProviderTenantID, Reseller: f.ResellerTenantID, Seq: c.place(), Since: c.e.Meta.At,
		RequestID: f.RequestID, MPNID: f.MPNID, Name: f.Name, Country: f.Country, AcceptedBy: c.e.Meta.Actor.UserPrincipalName})
}

// endEpisode ends the episode and touches nothing else, as the removal does (R37, R38).
func (c change) endEpisode(f partnership.PartnershipRemoved) error {
	p, err := active.One(c.ctx, c.rows, &episode{Provider: f.ProviderTenantID, Reseller: f.ResellerTenantID})
	if err != nil {
		return err
	}
	if p == nil {
		return errUnknown
	}
	version := f.RepresentationVersion
	p.UntilSeq = c.ending()
	p.Until, p.RemovedBy, p.RemovalReason, p.RepresentationVersion = c.now(), c.user(), f.Reason, &version
	partnerships.Change(c.rows, p)
	return nil
}

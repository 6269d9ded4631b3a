package partners

import (
	"errors"

	"github.com/partnerledger/partnerledger/domain/provider"
	"github.com/partnerledger/partnerledger/domain/reseller"
)

// errUnknown says that an event ends what no event before it began; the domain refuses such commands.
var errUnknown = errors.New("no event before tells of it")

func (c change) registerProvider(f provider.ProviderRegistered) error {
	p := f.Profile
	return providers.Insert(c.rows, &profile{Provider: f.ProviderTenantID, Name: f.Name, Country: f.Country, Region: f.Region, MPNID: f.MPNID,
		GlobalMPNID: f.GlobalMPNID, PartnershipLink: f.PartnershipLink, EmailDomain: p.EmailDomain, Website: p.Website,
		AddressLine1: p.AddressLine1, City: p.City, PostalCode: p.PostalCode, PhoneNumber: p.PhoneNumber, RegisteredAt: c.e.Meta.At})
}

func (c change) enroll(f reseller.ResellerEnrolled) error {
	return resellers.Insert(c.rows, &account{Reseller: f.ResellerTenantID, Name: f.Name, Country: f.Country, Region: f.Region,
		GlobalMPNID: f.GlobalMPNID, EnrolledAt: c.e.Meta.At, Seq: c.place()})
}

func (c change) registerLocation(f reseller.PartnerLocationRegistered) error {
	return locations.Insert(c.rows, &location{MPNID: f.MPNID, Reseller: f.ResellerTenantID, Name: f.Name, Country: f.Country, RegisteredAt: c.e.Meta.At,
		Seq: c.place()})
}

func (c change) deleteLocation(f reseller.PartnerLocationDeleted) error {
	l, err := locations.Get(c.ctx, c.rows, &location{MPNID: f.MPNID})
	if err != nil {
		return err
	}
	if l == nil || l.deleted() {
		return errUnknown
	}
	l.DeletedAt, l.DeletedSeq = c.now(), c.ending()
	locations.Change(c.rows, l)
	return nil
}

// signAgreement keeps the first signature: a later one for the same region changes nothing.
func (c change) signAgreement(f reseller.PartnerAgreementSigned) error {
	a := &agreement{Reseller: f.ResellerTenantID, Region: f.Region, Since: c.e.Meta.At, Seq: c.place(), SignedAt: f.SignedAt}
	first, err := agreements.Get(c.ctx, c.rows, a)
	if err != nil || first != nil {
		return err
	}
	return agreements.Insert(c.rows, a)
}

func (c change) suspend(f reseller.ResellerSuspended) error {
	return suspensions.Insert(c.rows, &suspension{Reseller: f.ResellerTenantID, Seq: c.place(), Since: c.e.Meta.At, Reason: f.Reason})
}

func (c change) reinstate(f reseller.ResellerReinstated) error {
	s, err := suspended.One(c.ctx, c.rows, &suspension{Reseller: f.ResellerTenantID})
	if err != nil {
		return err
	}
	if s == nil {
		return errUnknown
	}
	s.Until, s.UntilSeq = c.now(), c.ending()
	suspensions.Change(c.rows, s)
	return nil
}

// deauthorize counts once: said of a reseller that has lost its authorization it changes nothing.
func (c change) deauthorize(f reseller.ResellerDeauthorized) error {
	a, err := resellers.Get(c.ctx, c.rows, &account{Reseller: f.ResellerTenantID})
	if err != nil || a == nil || a.DeauthorizedAt != nil {
		return err
	}
	a.DeauthorizedAt, a.DeauthorizedSeq, a.DeauthorizedReason = c.now(), c.ending(), f.Reason
	resellers.Change(c.rows, a)
	return nil
}

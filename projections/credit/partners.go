package credit

import (
	"fmt"
	"slices"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/reseller"
)

func (c change) registerLocation(f reseller.PartnerLocationRegistered) error {
	return locations.Insert(c.rows, &location{MPNID: f.MPNID, Reseller: f.ResellerTenantID})
}

// deleteLocation closes every open credit of the id, for every provider.
func (c change) deleteLocation(f reseller.PartnerLocationDeleted) error {
	l, err := locations.Get(c.ctx, c.rows, &location{MPNID: f.MPNID})
	switch {
	case err != nil:
		return err
	case l == nil:
		return fmt.Errorf("location %s: %w", f.MPNID, errUnknown)
	case l.DeletedAt == nil:
		l.DeletedAt, l.DeletedSeq, l.DeletedBy = c.now(), c.place(), c.e.ID.String()
		locations.Change(c.rows, l)
	}
	return c.againWhere(f.ResellerTenantID, func(i *interval) bool { return i.MPNID == f.MPNID })
}

// deauthorize closes every open credit of every location of the reseller; a second time it finds none.
func (c change) deauthorize(f reseller.ResellerDeauthorized) error {
	d, err := deauthorized.Get(c.ctx, c.rows, &deauthorization{Reseller: f.ResellerTenantID})
	if err == nil && d == nil {
		err = deauthorized.Insert(c.rows, &deauthorization{Reseller: f.ResellerTenantID, At: c.e.Meta.At, Seq: *c.place(), By: c.e.ID.String()})
	}
	if err != nil {
		return err
	}
	return c.againWhere(f.ResellerTenantID, func(*interval) bool { return true })
}

// beginPartnership changes no interval: it counts for facts that follow it, and those have a later place.
func (c change) beginPartnership(f partnership.PartnershipAccepted) error {
	return partnerships.Insert(c.rows, &episode{Provider: f.ProviderTenantID, Reseller: f.ResellerTenantID, SinceSeq: *c.place(), Since: c.e.Meta.At})
}

// endPartnership closes the open credit under the policy Close, and none under Keep.
func (c change) endPartnership(f partnership.PartnershipRemoved) error {
	episodes, err := episodesOf.Find(c.ctx, c.rows, &episode{Provider: f.ProviderTenantID, Reseller: f.ResellerTenantID})
	if err != nil {
		return err
	}
	for _, e := range episodes {
		if e.Until == nil {
			e.Until, e.UntilSeq, e.RemovedBy = c.now(), c.place(), c.e.ID.String()
			partnerships.Change(c.rows, e)
		}
	}
	return c.againWhere(f.ResellerTenantID, func(i *interval) bool { return i.Provider == f.ProviderTenantID })
}

// againWhere makes the intervals anew of the subscriptions on which the reseller has open credit that is
// meant: what a partner loses now can close nothing else.
func (c change) againWhere(reseller domain.TenantID, meant func(*interval) bool) error {
	open, err := openCredit.Find(c.ctx, c.rows, &interval{Reseller: reseller})
	if err != nil {
		return err
	}
	// Rows change on the way, so the subscriptions are taken down first.
	var affected []subscription
	for _, i := range open {
		if meant(i) {
			affected = append(affected, i.of())
		}
	}
	for _, s := range slices.Compact(affected) { // those of one subscription stand together: they are sorted
		if err := c.again(s); err != nil {
			return err
		}
	}
	return nil
}

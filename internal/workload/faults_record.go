package workload

import (
	"fmt"

	"github.com/partnerledger/partnerledger/domain"
)

// assigning is the fault of putting this MPN ID on record.
func (g *generator) assigning(s *subscription, mpn domain.MPNID, code domain.Code) *fault {
	return &fault{g.clerk(s.customer.provider), assignReseller{s.contract(), mpn}, code}
}

func alphabeticMPN(g *generator, _ *customer, s *subscription) *fault {
	if s == nil {
		return nil
	}
	mpn := pick(g.chance, []domain.MPNID{"12A4567", "MPN4847383", "48473-83", "", " ", "12345678901"})
	return g.assigning(s, mpn, domain.MPNNotNumeric)
}

func globalMPN(g *generator, c *customer, s *subscription) *fault {
	pair := g.otherPartnership(c.provider, nil)
	if s == nil || pair == nil || pair.reseller.global == "" {
		return nil
	}
	return g.assigning(s, pair.reseller.global, domain.MPNIsGlobalAccount)
}

// unknownMPN is a number that nobody has, or a known one with a zero before it, which is another.
func unknownMPN(g *generator, c *customer, s *subscription) *fault {
	if s == nil {
		return nil
	}
	if pair := g.otherPartnership(c.provider, nil); pair != nil && g.likely(0.4) {
		return g.assigning(s, "0"+pair.reseller.location, domain.MPNNotFound)
	}
	return g.assigning(s, domain.MPNID(fmt.Sprintf("99%06d", g.IntN(1_000_000))), domain.MPNNotFound)
}

func providersMPN(g *generator, c *customer, s *subscription) *fault {
	if s == nil {
		return nil
	}
	return g.assigning(s, c.provider.mpn, domain.MPNIsProvidersOwn)
}

func strangersMPN(g *generator, _ *customer, s *subscription) *fault {
	if s == nil {
		return nil
	}
	return g.assigning(s, pick(g.chance, g.memory.strangers[:]), domain.MPNNotAReseller)
}

func deletedMPN(g *generator, _ *customer, s *subscription) *fault {
	mpn, ok := g.memory.deletedLocations.any(g.chance)
	if s == nil || !ok {
		return nil
	}
	return g.assigning(s, mpn, domain.LocationDeleted)
}

func inactiveReseller(g *generator, c *customer, s *subscription) *fault {
	pair := g.inactivePartnership(c.provider)
	if s == nil || pair == nil || !pair.reseller.free() || !pair.reseller.signed {
		return nil
	}
	return g.assigning(s, pair.reseller.location, domain.PartnershipNotActive)
}

func unsignedReseller(g *generator, c *customer, s *subscription) *fault {
	pair := g.somePartnership(func(pair *partnership) bool {
		return pair.provider == c.provider && pair.usable() && !pair.reseller.signed
	})
	if s == nil || pair == nil {
		return nil
	}
	return g.assigning(s, pair.reseller.location, domain.PartnerAgreementNotSigned)
}

func hinderedReseller(g *generator, c *customer, s *subscription) *fault {
	pair := g.somePartnership(func(pair *partnership) bool {
		return pair.provider == c.provider && pair.active && !pair.reseller.free() && pair.reseller.signed
	})
	if s == nil || pair == nil {
		return nil
	}
	code := domain.ResellerSuspended
	if pair.reseller.deauthorized {
		code = domain.ResellerDeauthorized
	}
	return g.assigning(s, pair.reseller.location, code)
}

func nothingToClear(g *generator, c *customer, s *subscription) *fault {
	if s == nil || s.record.mpn != "" {
		return nil
	}
	return &fault{g.clerk(c.provider), turn{clearReseller, s.contract(), ""}, domain.NoResellerOfRecord}
}

func wrongSupport(g *generator, c *customer, s *subscription) *fault {
	pair := g.inactivePartnership(c.provider)
	if s == nil || pair == nil {
		return nil
	}
	r := pair.reseller
	return &fault{g.clerk(c.provider), assignSupport{s.contract(), r.tenant, r.location, r.name}, domain.SupportContactNotAPartner}
}

// wrongCorrection reaches into the future, before the purchase or back too far, with a reseller that was
// there all the time.
func wrongCorrection(g *generator, c *customer, s *subscription) *fault {
	pair := g.otherPartnership(c.provider, nil)
	if s == nil || pair == nil {
		return nil
	}
	var effective domain.Instant
	var code domain.Code
	switch age := g.now - s.purchased; {
	case g.likely(0.35):
		effective, code = g.now+domain.Day*g.between(1, 30), domain.EffectiveInFuture
	case age < 60*domain.Day:
		effective, code = s.purchased-domain.Day*g.between(1, 20), domain.EffectiveBeforePurchase
	case age > 100*domain.Day:
		effective, code = g.now-domain.Day*g.between(91, 99), domain.EffectiveTooOld
	}
	if code == "" || effective < max(pair.since, pair.reseller.locatedAt) {
		return nil
	}
	w := correctReseller{contract: s.contract(), mpn: pair.reseller.location, effective: effective, reason: "billing dispute"}
	return &fault{g.as(c.provider, domain.AdminAgent), w, code}
}

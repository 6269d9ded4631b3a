package reseller_test

import (
	"testing"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/domaintest"
	"github.com/partnerledger/partnerledger/domain/partnerid"
	"github.com/partnerledger/partnerledger/domain/reseller"
)

const (
	hill  = domain.TenantID("6628166e-221e-46b4-b97d-94d327067ed7")
	other = domain.TenantID("1ae50b3e-9437-49e1-97e2-495a6c781274")
	at    = domain.Instant(1627894245773)
	cork  = domain.MPNID("1062006")
)

var (
	rules = domaintest.Rules{Decide: domain.Deciding(reseller.Fold, reseller.Decide),
		Folds: []domain.AnyFold{reseller.Fold, partnerid.Fold}}

	global   = domain.MPNID("515595")
	enrolled = reseller.ResellerEnrolled{ResellerTenantID: hill, Name: "Hill Networks Ltd", Country: "IE", Region: "Europe"}
	located  = reseller.PartnerLocationRegistered{ResellerTenantID: hill, MPNID: cork, Name: "Hill Networks Cork", Country: "IE"}
	deleted  = reseller.PartnerLocationDeleted{ResellerTenantID: hill, MPNID: cork}
	signed   = reseller.PartnerAgreementSigned{ResellerTenantID: hill, Region: "Europe", SignedAt: at - 1}

	suspended    = reseller.ResellerSuspended{ResellerTenantID: hill, Reason: "identity check is overdue"}
	reinstated   = reseller.ResellerReinstated{ResellerTenantID: hill, Reason: "identity check passed"}
	deauthorized = reseller.ResellerDeauthorized{ResellerTenantID: hill, Reason: "twelve months without revenue"}
)

// known gives the facts of the reseller under test.
func known(events ...domain.Event) []domaintest.Given {
	var given []domaintest.Given
	for _, e := range events {
		given = append(given, domaintest.Given{Stream: reseller.Stream(hill), At: at - domain.Day, Event: e})
	}
	return given
}

// claimed adds the claim of an id to what is given.
func claimed(given []domaintest.Given, claims ...partnerid.PartnerIDClaimed) []domaintest.Given {
	for _, c := range claims {
		given = append(given, domaintest.Given{Stream: c.Reserves(), At: at - domain.Day, Event: c})
	}
	return given
}

func claim(id domain.MPNID, kind partnerid.Kind, tenant domain.TenantID, category string) partnerid.PartnerIDClaimed {
	return partnerid.PartnerIDClaimed{MPNID: id, Kind: kind, TenantID: tenant, OwnerCategory: category}
}

func TestEnrollReseller(t *testing.T) {
	bare := reseller.EnrollReseller{ResellerTenantID: hill, Name: "Hill Networks Ltd", Country: "IE", Region: "Europe"}
	with := func(id domain.MPNID) reseller.EnrollReseller { c := bare; c.GlobalMPNID = &id; return c }
	full := enrolled
	full.GlobalMPNID = global
	mine := claim(global, partnerid.Global, hill, reseller.Category)

	domaintest.Run(t, rules, []domaintest.Case{
		{Name: "without a global account", At: at, When: bare, Then: []domain.Event{enrolled}},
		{Name: "with a global account", At: at, When: with(global), Then: []domain.Event{full}, Claims: []domain.Claim{mine}},
		{Name: "after its locations", Given: known(located), At: at, When: bare, Then: []domain.Event{enrolled}},
		{Name: "enrolled already", Given: known(enrolled), At: at, When: bare, Refused: domain.ResellerAlreadyEnrolled},
		{Name: "enrolled already comes before not numeric", Given: known(enrolled), At: at, When: with("x"), Refused: domain.ResellerAlreadyEnrolled},
		{Name: "deauthorized for good", Given: known(enrolled, deauthorized), At: at, When: bare, Refused: domain.ResellerAlreadyEnrolled},
		{Name: "not numeric", At: at, When: with("PGA1"), Refused: domain.MPNNotNumeric},
		{Name: "empty isn't absent", At: at, When: with(""), Refused: domain.MPNNotNumeric},
		{Name: "somebody else's id", Given: claimed(nil, claim(global, partnerid.Global, other, reseller.Category)), At: at, When: with(global),
			Refused: domain.MPNAlreadyRegistered, Says: "The partner ID 515595 is already registered."},
		{Name: "a location of its own", Given: claimed(known(located), claim(cork, partnerid.Location, hill, reseller.Category)), At: at,
			When: with(cork), Refused: domain.MPNAlreadyRegistered},
	})
}

func TestRegisterPartnerLocation(t *testing.T) {
	when := reseller.RegisterPartnerLocation{ResellerTenantID: hill, MPNID: cork, Name: "Hill Networks Cork", Country: "IE"}
	wrong := when
	wrong.MPNID = "PLA1"
	mine := claim(cork, partnerid.Location, hill, reseller.Category)

	domaintest.Run(t, rules, []domaintest.Case{
		{Name: "of a partner that isn't enrolled", At: at, When: when, Then: []domain.Event{located}, Claims: []domain.Claim{mine}},
		{Name: "of an enrolled one", Given: known(enrolled), At: at, When: when, Then: []domain.Event{located}, Claims: []domain.Claim{mine}},
		{Name: "not numeric", At: at, When: wrong, Refused: domain.MPNNotNumeric},
		{Name: "its own already", Given: claimed(known(located), mine), At: at, When: when, Refused: domain.MPNAlreadyRegistered},
		{Name: "deleted keeps its id", Given: claimed(known(located, deleted), mine), At: at, When: when, Refused: domain.MPNAlreadyRegistered},
		{Name: "another partner's", Given: claimed(nil, claim(cork, partnerid.Location, other, reseller.Category)), At: at, When: when,
			Refused: domain.MPNAlreadyRegistered, Says: "The partner ID 1062006 is already registered."},
		{Name: "a provider's own", Given: claimed(nil, claim(cork, partnerid.Own, other, "provider")), At: at, When: when,
			Refused: domain.MPNAlreadyRegistered},
		{Name: "claimed as a global account by itself", Given: claimed(nil, claim(cork, partnerid.Global, hill, reseller.Category)), At: at,
			When: when, Refused: domain.MPNAlreadyRegistered},
	})
}

func TestDeletePartnerLocation(t *testing.T) {
	when := reseller.DeletePartnerLocation{MPNID: cork}
	mine := claim(cork, partnerid.Location, hill, reseller.Category)

	domaintest.Run(t, rules, []domaintest.Case{
		{Name: "deleted", Given: claimed(known(located), mine), At: at, When: when, Then: []domain.Event{deleted}},
		{Name: "deleted already", Given: claimed(known(located, deleted), mine), At: at, When: when, Refused: domain.LocationDeleted},
		{Name: "nobody's id", At: at, When: when, Refused: domain.MPNNotFound},
		{Name: "not even an id", At: at, When: reseller.DeletePartnerLocation{MPNID: "PLA1"}, Refused: domain.MPNNotFound},
		{Name: "claimed, but never registered", Given: claimed(nil, mine), At: at, When: when, Refused: domain.MPNNotFound},
		{Name: "a provider's own", Given: claimed(nil, claim(cork, partnerid.Own, other, "provider")), At: at, When: when, Refused: domain.MPNNotFound},
		{Name: "a global account", Given: claimed(known(enrolled), claim(cork, partnerid.Global, hill, reseller.Category)), At: at, When: when,
			Refused: domain.MPNNotFound},
	})
}

func TestSignPartnerAgreement(t *testing.T) {
	when := reseller.SignPartnerAgreement{ResellerTenantID: hill, Region: "Europe", SignedAt: at - 1}
	future, brazil, now := when, when, when
	future.SignedAt, brazil.Region, now.SignedAt = at+1, "Brazil", at

	domaintest.Run(t, rules, []domaintest.Case{
		{Name: "signed", Given: known(enrolled), At: at, When: when, Then: []domain.Event{signed}},
		{Name: "signed before enrolment", Given: known(located), At: at, When: when, Then: []domain.Event{signed}},
		{Name: "signed this instant", Given: known(enrolled), At: at, When: now,
			Then: []domain.Event{reseller.PartnerAgreementSigned{ResellerTenantID: hill, Region: "Europe", SignedAt: at}}},
		{Name: "for another region too", Given: known(enrolled, signed), At: at, When: brazil,
			Then: []domain.Event{reseller.PartnerAgreementSigned{ResellerTenantID: hill, Region: "Brazil", SignedAt: at - 1}}},
		{Name: "again for the region", Given: known(enrolled, signed), At: at, When: now},
		{Name: "unknown account", At: at, When: when, Refused: domain.AccountNotFound, Says: "Could not find account with id '" + string(hill) + "'."},
		{Name: "unknown account comes before the future", At: at, When: future, Refused: domain.AccountNotFound},
		{Name: "in the future", Given: known(enrolled), At: at, When: future, Refused: domain.DateInFuture},
		{Name: "in the future, though signed", Given: known(enrolled, signed), At: at, When: future, Refused: domain.DateInFuture},
	})
}

package partnership_test

import (
	"testing"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/domaintest"
	"github.com/partnerledger/partnerledger/domain/partnerid"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/reseller"
)

var (
	enrolled     = reseller.ResellerEnrolled{ResellerTenantID: hill, Name: "Hill Networks Ltd", Country: "IE", Region: "Europe", GlobalMPNID: "515595"}
	brazilian    = reseller.ResellerEnrolled{ResellerTenantID: hill, Name: "Hill Networks Ltd", Country: "BR", Region: "Brazil"}
	located      = reseller.PartnerLocationRegistered{ResellerTenantID: hill, MPNID: cork, Name: "Hill Networks Venlo", Country: "NL"}
	deleted      = reseller.PartnerLocationDeleted{ResellerTenantID: hill, MPNID: cork}
	suspended    = reseller.ResellerSuspended{ResellerTenantID: hill}
	deauthorized = reseller.ResellerDeauthorized{ResellerTenantID: hill}

	mine    = claim(cork, partnerid.Location, hill, reseller.Category)
	theirs  = claim("4847433", partnerid.Location, other, reseller.Category)
	global  = claim("515595", partnerid.Global, hill, reseller.Category)
	ownOfIt = claim("412648", partnerid.Own, northwind, "provider")
)

func claim(id domain.MPNID, kind partnerid.Kind, tenant domain.TenantID, category string) partnerid.PartnerIDClaimed {
	return partnerid.PartnerIDClaimed{MPNID: id, Kind: kind, TenantID: tenant, OwnerCategory: category}
}

func TestAcceptPartnership(t *testing.T) {
	when := partnership.AcceptPartnership{RequestID: request, ProviderTenantID: northwind, ResellerTenantID: hill, MPNID: cork, Authorized: true}
	with := func(id domain.MPNID) partnership.AcceptPartnership { c := when; c.MPNID = id; return c }
	unticked := with("x")
	unticked.Authorized = false
	elsewhere := "The CSP region of the requested PartnerID 1062006 is Brazil and doesn't match the CSP region Europe of Indirect Provider " +
		"with Tenant id 4b908c9a-e2eb-4713-a8c1-2d429a55b123."

	domaintest.Run(t, requests, []domaintest.Case{
		{Name: "accepted without a signed agreement", Given: given(requested, mine, located, enrolled), At: asked + 30*domain.Day - 1, When: when,
			Then: []domain.Event{acceptedRequest}},
		{Name: "accepted after a removal", Given: given(requested, mine, located, enrolled, accepted("old"), removed), At: at, When: when,
			Then: []domain.Event{acceptedRequest}},
		{Name: "box not ticked comes first", Given: given(requested), At: at, When: unticked, Refused: domain.AuthorizationNotGiven},
		{Name: "unknown account comes before the id", Given: given(requested), At: at, When: with("x"), Refused: domain.AccountNotFound,
			Says: "Could not find account with id '" + string(hill) + "'."},
		{Name: "not enrolled comes before the id", Given: given(requested, mine, located), At: at, When: with("x"), Refused: domain.ResellerNotEnrolled,
			Says: "Requested MPN Id x is not associated with any CSP Indirect Reseller account in Partner Center. Please advise your " +
				"reseller to enroll into the CSP program as an indirect reseller."},
		{Name: "not numeric comes before the region", Given: given(requested, brazilian), At: at, When: with("MPN1"), Refused: domain.MPNNotNumeric},
		{Name: "a global account", Given: given(requested, enrolled, global), At: at, When: with("515595"), Refused: domain.MPNIsGlobalAccount},
		{Name: "nobody's id", Given: given(requested, enrolled, mine, located), At: at, When: with("01062006"), Refused: domain.MPNNotFound},
		{Name: "another reseller's", Given: given(requested, enrolled, theirs), At: at, When: with("4847433"), Refused: domain.MPNNotOfReseller},
		{Name: "the provider's own", Given: given(requested, enrolled, ownOfIt), At: at, When: with("412648"), Refused: domain.MPNNotOfReseller},
		{Name: "location deleted comes before the region", Given: given(requested, brazilian, mine, located, deleted), At: at, When: when,
			Refused: domain.LocationDeleted},
		{Name: "another region comes before deauthorized", Given: given(requested, brazilian, mine, located, deauthorized), At: at, When: when,
			Refused: domain.RegionMismatch, Says: elsewhere},
		{Name: "deauthorized comes before suspended", Given: given(requested, enrolled, mine, located, suspended, deauthorized), At: at, When: when,
			Refused: domain.ResellerDeauthorized},
		{Name: "suspended comes before active", Given: given(requested, enrolled, mine, located, suspended, accepted("old")), At: at, When: when,
			Refused: domain.ResellerSuspended},
		{Name: "active already", Given: given(requested, enrolled, mine, located, accepted("old")), At: at, When: when,
			Refused: domain.PartnershipAlreadyActive},
	})
}

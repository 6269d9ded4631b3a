package provider_test

import (
	"testing"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/domaintest"
	"github.com/partnerledger/partnerledger/domain/partnerid"
	"github.com/partnerledger/partnerledger/domain/provider"
)

const (
	northwind = domain.TenantID("4b908c9a-e2eb-4713-a8c1-2d429a55b123")
	other     = domain.TenantID("1ae50b3e-9437-49e1-97e2-495a6c781274")
	at        = domain.Instant(1627894245773)
)

func TestRegisterProvider(t *testing.T) {
	rules := domaintest.Rules{Decide: domain.Deciding(provider.Fold, provider.Decide), Folds: []domain.AnyFold{provider.Fold, partnerid.Fold}}
	bare := provider.RegisterProvider{ProviderTenantID: northwind, Name: "Northwind Distribution", Country: "DE", Region: "Europe",
		MPNID: "412648", PartnershipLink: "https://partner.example/accept?token=bdc46f1d", Profile: provider.Profile{EmailDomain: "northwind.example"}}
	with := func(own, global domain.MPNID) provider.RegisterProvider {
		c := bare
		c.MPNID, c.GlobalMPNID = own, &global
		return c
	}
	registered := provider.ProviderRegistered{ProviderTenantID: northwind, Name: bare.Name, Country: "DE", Region: "Europe", MPNID: "412648",
		PartnershipLink: bare.PartnershipLink, Profile: bare.Profile}
	full := registered
	full.GlobalMPNID = "420567"
	claim := func(id domain.MPNID, kind partnerid.Kind, owner domain.TenantID) partnerid.PartnerIDClaimed {
		return partnerid.PartnerIDClaimed{MPNID: id, Kind: kind, TenantID: owner, OwnerCategory: provider.Category}
	}
	own, global := claim("412648", partnerid.Own, northwind), claim("420567", partnerid.Global, northwind)
	already := []domaintest.Given{{Stream: provider.Stream(northwind), At: at, Event: registered}}
	held := func(claims ...partnerid.PartnerIDClaimed) (given []domaintest.Given) {
		for _, c := range claims {
			given = append(given, domaintest.Given{Stream: c.Reserves(), At: at, Event: c})
		}
		return given
	}

	domaintest.Run(t, rules, []domaintest.Case{
		{Name: "with its own id", At: at, When: bare, Then: []domain.Event{registered}, Claims: []domain.Claim{own}},
		{Name: "with a global account", At: at, When: with("412648", "420567"), Then: []domain.Event{full}, Claims: []domain.Claim{own, global}},
		{Name: "registered already", Given: already, At: at, When: bare, Refused: domain.ProviderAlreadyRegistered},
		{Name: "registered already comes before not numeric", Given: already, At: at, When: with("x", "y"), Refused: domain.ProviderAlreadyRegistered},
		{Name: "not numeric", At: at, When: with("MPN1", "420567"), Refused: domain.MPNNotNumeric},
		{Name: "global account not numeric", At: at, When: with("412648", ""), Refused: domain.MPNNotNumeric},
		{Name: "not numeric of one comes before taken of the other", Given: held(claim("412648", partnerid.Own, other)), At: at,
			When: with("412648", "x"), Refused: domain.MPNNotNumeric},
		{Name: "taken", Given: held(claim("412648", partnerid.Own, other)), At: at, When: bare, Refused: domain.MPNAlreadyRegistered,
			Says: "The partner ID 412648 is already registered."},
		{Name: "global account taken", Given: held(claim("420567", partnerid.Global, other)), At: at, When: with("412648", "420567"),
			Refused: domain.MPNAlreadyRegistered, Says: "The partner ID 420567 is already registered."},
		{Name: "both the same", At: at, When: with("412648", "412648"), Refused: domain.MPNAlreadyRegistered},
	})
}

func TestAnotherAggregatesCommandIsAFault(t *testing.T) {
	_, err := provider.Decide(provider.State{}, domain.NewFacts(nil), domain.Intent{Command: stranger{}})
	if want := "aggregate provider was asked to decide Stranger, which isn't one of its commands"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

type stranger struct{}

func (stranger) CommandType() string     { return "Stranger" }
func (stranger) Target() domain.Stream   { return provider.Stream(northwind) }
func (stranger) Parties() domain.Parties { return domain.Parties{} }

package vocabulary_test

import (
	"testing"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/domaintest"
	"github.com/partnerledger/partnerledger/domain/partnerid"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/provider"
	"github.com/partnerledger/partnerledger/domain/reseller"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
)

const (
	northwind = domain.TenantID("4b908c9a-e2eb-4713-a8c1-2d429a55b123")
	hill      = domain.TenantID("6628166e-221e-46b4-b97d-94d327067ed7")
	winter    = domain.TenantID("f8a426eb-ff6d-47d1-92b1-d3118ab19b14")
	asked     = domain.Instant(1627894245773)
)

func rulesUnder(p vocabulary.Policy) domaintest.Rules {
	rules := domaintest.Rules{Decide: vocabulary.Rules{Policy: p}.Decide}
	for _, c := range []string{"provider", "mpn", "reseller", "partnershiprequest", "partnership", "customer", "customerdomain"} {
		fold, _ := vocabulary.FoldOf(c)
		rules.Folds = append(rules.Folds, fold)
	}
	return rules
}

func actor(tenant domain.TenantID, role domain.Role) domain.Actor {
	return domain.Actor{UserPrincipalName: "somebody@example.example", TenantID: tenant, Role: role}
}

var registered = domaintest.Given{Stream: provider.Stream(northwind), At: asked, Event: provider.ProviderRegistered{ProviderTenantID: northwind,
	Name: "Northwind Distribution", Region: "Europe", MPNID: "412648", PartnershipLink: "https://partner.example/accept?token=bdc46f1d"}}

func TestTheOrderOfChecks(t *testing.T) {
	ask := partnership.RequestPartnership{RequestID: "9d282942-a74c-4cb0-af36-98b679f2340a", ProviderTenantID: northwind,
		ResellerEmail: domain.PersonalText("nobody"), Message: domain.PersonalText("hello")}
	register := provider.RegisterProvider{ProviderTenantID: northwind, MPNID: "x"}

	domaintest.Run(t, rulesUnder(vocabulary.Default), []domaintest.Case{
		{Name: "role comes before tenant", Actor: actor(hill, domain.HelpdeskAgent), When: ask, Refused: domain.RoleNotPermitted},
		{Name: "nobody has no role", When: ask, Refused: domain.RoleNotPermitted},
		{Name: "tenant comes before provider", Actor: actor(hill, domain.SalesAgent), When: ask, Refused: domain.WrongTenant},
		{Name: "provider comes before the command's own", Actor: actor(northwind, domain.SalesAgent), When: ask, Refused: domain.AccountNotFound,
			Says: "Could not find account with id '" + string(northwind) + "'."},
		{Name: "the command's own", Given: []domaintest.Given{registered}, Actor: actor(northwind, domain.SalesAgent), When: ask,
			Refused: domain.EmailInvalid},
		{Name: "registering asks for no provider", Actor: actor("", domain.ReferenceFeed), When: register, Refused: domain.MPNNotNumeric},
		{Name: "nor does a command that names none", Actor: actor("", domain.ReferenceFeed), When: reseller.DeletePartnerLocation{MPNID: "7"},
			Refused: domain.MPNNotFound},
	})
}

func TestThePolicyDecides(t *testing.T) {
	remove := partnership.RemovePartnership{ProviderTenantID: northwind, ResellerTenantID: hill}
	byRole := func(role domain.Role, code domain.Code) []domaintest.Case {
		return []domaintest.Case{{Name: string(role), Given: []domaintest.Given{registered}, Actor: actor(northwind, role), When: remove, Refused: code}}
	}
	domaintest.Run(t, rulesUnder(vocabulary.Default), byRole(domain.SalesAgent, domain.PartnershipNotActive))
	domaintest.Run(t, rulesUnder(vocabulary.Strict), byRole(domain.SalesAgent, domain.RoleNotPermitted))
	domaintest.Run(t, rulesUnder(vocabulary.Strict), byRole(domain.AdminAgent, domain.PartnershipNotActive))
	domaintest.Run(t, rulesUnder("lax"), byRole(domain.GlobalAdmin, domain.RoleNotPermitted))
}

func TestANoticeFindsTheCustomer(t *testing.T) {
	tenant := winter
	when := partnership.RecordTerminationNotice{ProviderTenantID: northwind, ResellerTenantID: hill, Party: "customer", CustomerTenantID: &tenant,
		Method: "letter", SentAt: asked}
	then := partnership.TerminationNoticeRecorded{ProviderTenantID: northwind, ResellerTenantID: hill, Party: "customer", CustomerTenantID: winter,
		Method: "letter", SentAt: asked}
	partners := []domaintest.Given{registered, {Stream: partnership.Stream(northwind, hill), At: asked,
		Event: partnership.PartnershipAccepted{ProviderTenantID: northwind, ResellerTenantID: hill}}}
	key := customer.Key{ProviderTenantID: northwind, CustomerTenantID: winter}
	added := append(partners[:2:2], domaintest.Given{Stream: key.Stream(), At: asked, Event: customer.CustomerAdded{Key: key}})

	domaintest.Run(t, rulesUnder(vocabulary.Default), []domaintest.Case{
		{Name: "found", Given: added, At: asked, Actor: actor(northwind, domain.AdminAgent), When: when, Then: []domain.Event{then},
			AgainRecords: "each notice is evidence of its own"},
		{Name: "not found", Given: partners, At: asked, Actor: actor(northwind, domain.AdminAgent), When: when, Refused: domain.CustomerNotFound},
	})
}

func TestTargetOfADeletedLocationIsItsOwner(t *testing.T) {
	id := reseller.DeletePartnerLocation{MPNID: "1062006"}
	facts := domain.NewFacts(nil)
	if got := vocabulary.TargetOf(facts, id); got != id.Target() || len(facts.Missing()) != 1 {
		t.Errorf("without facts the target is %s and %v is asked for", got, facts.Missing())
	}
	fold, _ := vocabulary.FoldOf("mpn")
	example, _ := vocabulary.EventNamed("PartnerIDClaimed")
	facts.Know(id.Target(), fold.ApplyAny(fold.Empty(), domain.Happened{Event: example}))
	if got := vocabulary.TargetOf(facts, id); got != reseller.Stream(hill) {
		t.Errorf("the target is %s, want the owner's stream", got)
	}
	own := partnerid.PartnerIDClaimed{MPNID: "1062006", Kind: partnerid.Own, TenantID: northwind, OwnerCategory: provider.Category}
	facts.Know(id.Target(), fold.ApplyAny(fold.Empty(), domain.Happened{Event: own}))
	if got := vocabulary.TargetOf(facts, id); got != id.Target() {
		t.Errorf("the target is %s, though the id is no location", got)
	}
}

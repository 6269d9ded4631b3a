package partnership_test

import (
	"strings"
	"testing"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/domaintest"
	"github.com/partnerledger/partnerledger/domain/partnerid"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/provider"
	"github.com/partnerledger/partnerledger/domain/reseller"
)

const (
	northwind = domain.TenantID("4b908c9a-e2eb-4713-a8c1-2d429a55b123")
	second    = domain.TenantID("9a8a1b52-2b0c-4c9b-9b39-7f2f9a3f1c11") // another provider
	hill      = domain.TenantID("6628166e-221e-46b4-b97d-94d327067ed7")
	other     = domain.TenantID("1ae50b3e-9437-49e1-97e2-495a6c781274") // another reseller
	request   = domain.RequestID("9d282942-a74c-4cb0-af36-98b679f2340a")
	link      = "https://partner.example/accept?token=bdc46f1d"
	asked     = domain.Instant(1627894245773)
	at        = asked + domain.Hour
	cork      = domain.MPNID("1062006")
)

var (
	requests = domaintest.Rules{Decide: domain.Deciding(partnership.RequestFold, partnership.DecideRequest),
		Folds: []domain.AnyFold{partnership.RequestFold, partnership.Fold, provider.Fold, reseller.Fold, partnerid.Fold}}

	registered = provider.ProviderRegistered{ProviderTenantID: northwind, Name: "Northwind Distribution", Country: "DE", Region: "Europe",
		MPNID: "412648", PartnershipLink: link, Profile: provider.Profile{EmailDomain: "northwind.example"}}
	requested = partnership.PartnershipRequested{RequestID: request, ProviderTenantID: northwind, ResellerEmail: domain.PersonalText("partner@hill.example"),
		Message: domain.PersonalText("Accept here: " + link), Delivery: "copyToClipboard", ExpiresAt: asked + 30*domain.Day}
	acceptedRequest = partnership.PartnershipRequestAccepted{RequestID: request, ProviderTenantID: northwind, ResellerTenantID: hill,
		MPNID: cork, Name: "Hill Networks Ltd", Country: "NL"}
	declined  = partnership.PartnershipDeclined{RequestID: request, ProviderTenantID: northwind, ResellerTenantID: hill, Reason: "no capacity this year"}
	withdrawn = partnership.PartnershipRequestWithdrawn{RequestID: request, ProviderTenantID: northwind, Reason: "sent to the wrong address"}
)

// given puts each fact into the stream it belongs to.
func given(events ...domain.Event) []domaintest.Given {
	out := []domaintest.Given{{Stream: provider.Stream(northwind), At: asked, Event: registered}}
	for _, e := range events {
		out = append(out, domaintest.Given{Stream: streamOf(e), At: asked, Event: e})
	}
	return out
}

func streamOf(e domain.Event) domain.Stream {
	switch e := e.(type) {
	case partnership.PartnershipRequested, partnership.PartnershipRequestAccepted, partnership.PartnershipDeclined,
		partnership.PartnershipRequestWithdrawn:
		return partnership.RequestStream(request)
	case partnership.PartnershipAccepted, partnership.PartnershipRemoved:
		return partnership.Stream(northwind, hill)
	case partnerid.PartnerIDClaimed:
		return e.Reserves()
	default:
		return reseller.Stream(hill)
	}
}

func TestRequestPartnership(t *testing.T) {
	when := partnership.RequestPartnership{RequestID: request, ProviderTenantID: northwind, ResellerEmail: requested.ResellerEmail,
		Message: requested.Message, Delivery: "copyToClipboard"}
	with := func(change func(*partnership.RequestPartnership)) partnership.RequestPartnership {
		c := when
		change(&c)
		return c
	}
	email := func(text string) partnership.RequestPartnership {
		return with(func(c *partnership.RequestPartnership) { c.ResellerEmail = domain.PersonalText(text) })
	}
	message := func(text string) partnership.RequestPartnership {
		return with(func(c *partnership.RequestPartnership) { c.Message = domain.PersonalText(text) })
	}
	sealed := requested
	sealed.ResellerEmail, sealed.Message = sealed.ResellerEmail.WithSealed("c2VhbGVk"), sealed.Message.WithSealed("c2VhbGVk")

	domaintest.Run(t, requests, []domaintest.Case{
		{Name: "requested", Given: given(), At: asked, When: when, Then: []domain.Event{requested}},
		{Name: "the same again", Given: given(requested), At: at, When: when},
		{Name: "the same again, read back from sealed texts", Given: given(sealed), At: at, When: when},
		{Name: "the same again after it was answered", Given: given(requested, declined), At: at, When: when},
		{Name: "the same but for the delivery", Given: given(requested), At: at,
			When: with(func(c *partnership.RequestPartnership) { c.Delivery = "openInEmail" })},
		{Name: "id in use with another e-mail", Given: given(requested), At: at, When: email("other@hill.example"), Refused: domain.RequestIDInUse},
		{Name: "id in use with another message", Given: given(requested), At: at, When: message("Now: " + link), Refused: domain.RequestIDInUse},
		{Name: "id in use by another provider", Given: given(requested), At: at,
			When: with(func(c *partnership.RequestPartnership) { c.ProviderTenantID = second }), Refused: domain.RequestIDInUse},
		{Name: "id in use comes before the e-mail", Given: given(requested), At: at, When: email("nobody"), Refused: domain.RequestIDInUse},
		{Name: "e-mail invalid", Given: given(), At: at, When: email("partner at hill.example"), Refused: domain.EmailInvalid},
		{Name: "e-mail invalid comes before the link", Given: given(), At: at, Refused: domain.EmailInvalid,
			When: with(func(c *partnership.RequestPartnership) {
				c.ResellerEmail, c.Message = domain.PersonalText("x"), domain.PersonalText("y")
			})},
		{Name: "no link", Given: given(), At: at, When: message("Please call us."), Refused: domain.PartnershipLinkMissing},
		{Name: "link changed", Given: given(), At: at, When: message("Accept: " + link[:len(link)-1]), Refused: domain.PartnershipLinkMissing},
		{Name: "link in capitals", Given: given(), At: at, When: message(strings.ToUpper(link)), Refused: domain.PartnershipLinkMissing},
		{Name: "link twice", Given: given(), At: at, When: message(link + " again " + link), Refused: domain.PartnershipLinkMissing},
	})
}

func TestAnswersToARequestThatCantBeAnswered(t *testing.T) {
	foreign := requested
	foreign.ProviderTenantID = second
	late := asked + 30*domain.Day
	for _, when := range []domain.Command{
		partnership.AcceptPartnership{RequestID: request, ProviderTenantID: northwind, ResellerTenantID: hill, MPNID: cork, Authorized: false},
		partnership.DeclinePartnership{RequestID: request, ProviderTenantID: northwind, ResellerTenantID: hill},
		partnership.WithdrawPartnershipRequest{RequestID: request, ProviderTenantID: northwind},
	} {
		name := when.CommandType()
		domaintest.Run(t, requests, []domaintest.Case{
			{Name: name + " never made", Given: given(), At: at, When: when, Refused: domain.RequestNotFound},
			{Name: name + " of another provider", Given: given(foreign), At: at, When: when, Refused: domain.RequestNotFound},
			{Name: name + " of another provider, answered", Given: given(foreign, declined), At: at, When: when, Refused: domain.RequestNotFound},
			{Name: name + " accepted", Given: given(requested, acceptedRequest), At: at, When: when, Refused: domain.RequestNotOpen},
			{Name: name + " declined", Given: given(requested, declined), At: at, When: when, Refused: domain.RequestNotOpen},
			{Name: name + " withdrawn", Given: given(requested, withdrawn), At: at, When: when, Refused: domain.RequestNotOpen},
			{Name: name + " expired this instant", Given: given(requested), At: late, When: when, Refused: domain.RequestNotOpen},
		})
	}
}

func TestARequestNeverMadeIsNobodys(t *testing.T) {
	domaintest.Run(t, requests, []domaintest.Case{
		{Name: "not even of nobody", At: at, When: partnership.WithdrawPartnershipRequest{RequestID: request}, Refused: domain.RequestNotFound},
	})
}

func TestDeclineAndWithdraw(t *testing.T) {
	lastMoment := asked + 30*domain.Day - 1
	decline := partnership.DeclinePartnership{RequestID: request, ProviderTenantID: northwind, ResellerTenantID: hill, Reason: "no capacity this year"}
	withdraw := partnership.WithdrawPartnershipRequest{RequestID: request, ProviderTenantID: northwind, Reason: "sent to the wrong address"}
	domaintest.Run(t, requests, []domaintest.Case{
		{Name: "declined by a tenant nobody knows", Given: given(requested), At: lastMoment, When: decline, Then: []domain.Event{declined}},
		{Name: "withdrawn", Given: given(requested), At: lastMoment, When: withdraw, Then: []domain.Event{withdrawn}},
	})
}

package customer

import "github.com/partnerledger/partnerledger/domain"

var (
	exampleKey = Key{ProviderTenantID: "4b908c9a-e2eb-4713-a8c1-2d429a55b123", CustomerTenantID: "f8a426eb-ff6d-47d1-92b1-d3118ab19b14"}
	expires    = domain.Instant(1690000000000)
)

const (
	exampleReseller     = domain.TenantID("6628166e-221e-46b4-b97d-94d327067ed7")
	exampleSubscription = domain.SubscriptionID("41e9dd9a-7e41-4715-a925-167cf2905d84")
	exampleOffer        = "CFQ7TTC0LH18:0001:CFQ7TTC0K971"
)

// Events holds one filled example of each event of this package.
var Events = []domain.Event{
	DomainClaimed{Domain: "winterpress0.onmicrosoft.com", Key: exampleKey},
	CustomerAdded{Key: exampleKey, CompanyName: "Winter Press Ltd", RegistrationNumber: "12-345", Domain: "winterpress0.onmicrosoft.com",
		Billing: Billing{Email: domain.PersonalText("billing@winter.example"), Culture: "en-IE", Language: "en",
			Address: Address{AddressLine1: domain.PersonalText("Patrick Street 14"), AddressLine2: domain.PersonalText("Floor 2"), City: "Cork", State: "C",
				PostalCode: "T12 W8KP", Country: "IE", FirstName: domain.PersonalText("Gil"), LastName: domain.PersonalText("Dunn"),
				PhoneNumber: domain.PersonalText("+353 21 1234")}}},
	CustomerAssociatedWithReseller{Key: exampleKey, ResellerTenantID: exampleReseller, PreviousResellerTenantID: "1ae50b3e-9437-49e1-97e2-495a6c781274"},
	CustomerDissociatedFromReseller{Key: exampleKey, ResellerTenantID: exampleReseller},
	DelegatedAdminPrivilegesGranted{Key: exampleKey, GranteeTenantID: exampleReseller, Kind: "GDAP", Roles: []string{"User administrator"},
		Duration: "P90D", ExpiresAt: &expires},
	DelegatedAdminPrivilegesRevoked{Key: exampleKey, GranteeTenantID: exampleReseller, Kind: "GDAP", Reason: "project ended"},
	CustomerAgreementConfirmed{Key: exampleKey, Contact: Contact{FirstName: domain.PersonalText("Gil"), LastName: domain.PersonalText("Dunn"),
		Email: domain.PersonalText("gil@winter.example"), PhoneNumber: domain.PersonalText("+353 21 1234")},
		DateAgreed: "2021-08-04", TemplateID: "117a77b0-9360-443b-8795-c6dedc750cf9"},
	ContactForgotten{Key: exampleKey, Reason: "asked by the person"},
	OrderSubmitted{Key: exampleKey, OrderID: "Ia80ZLkXp6eWOqpp35pBQJLhqv9IiGVZ1", Channel: "partnerCenter", Lines: 1},
	SubscriptionPurchased{Key: exampleKey, SubscriptionID: exampleSubscription, OrderID: "Ia80ZLkXp6eWOqpp35pBQJLhqv9IiGVZ1", OfferID: exampleOffer,
		OfferName: "Microsoft 365 Business Basic", Quantity: 10, TermDuration: "P1Y", BillingCycle: "monthly",
		SupportTenantID: exampleKey.ProviderTenantID, SupportMPNID: "412648", SupportName: "Northwind Distribution"},
	ResellerOfRecordAssigned{Key: exampleKey, SubscriptionID: exampleSubscription, MPNID: "1062006", ResellerTenantID: exampleReseller,
		PreviousMPNID: "1085763", Source: "update", PartnerAgreementSigned: true},
	ResellerOfRecordCleared{Key: exampleKey, SubscriptionID: exampleSubscription, PreviousMPNID: "1062006", Reason: "the customer left the reseller"},
	ResellerOfRecordCorrected{Key: exampleKey, SubscriptionID: exampleSubscription, MPNID: "1062006", ResellerTenantID: exampleReseller,
		From: 1650000000000, Reason: "wrong id on the order", Approver: "chief@northwind.example"},
	SupportContactAssigned{Key: exampleKey, SubscriptionID: exampleSubscription, SupportTenantID: exampleReseller, SupportMPNID: "1062006",
		SupportName: "Hill Networks Ltd", PreviousSupportTenantID: exampleKey.ProviderTenantID},
	QuantityChanged{Key: exampleKey, SubscriptionID: exampleSubscription, Old: 10, New: 15, Channel: "microsoft365Portal"},
	SubscriptionUpgraded{Key: exampleKey, SubscriptionID: exampleSubscription, FromOfferID: exampleOffer, ToOfferID: "EXBUSSTD0002:0001:EXAVBUSSTD02",
		ToOfferName: "Microsoft 365 Business Standard", NewSubscriptionID: "026bca7b-d288-45cc-b0d2-c4acfae454c6", Moved: 5, Remaining: 10,
		TermDuration: "P1Y", BillingCycle: "monthly", Channel: "partnerCenter"},
	SubscriptionSuspended{Key: exampleKey, SubscriptionID: exampleSubscription, Reason: "unpaid"},
	SubscriptionReactivated{Key: exampleKey, SubscriptionID: exampleSubscription, Reason: "paid"},
	SubscriptionCancelled{Key: exampleKey, SubscriptionID: exampleSubscription, Reason: "closed"},
	SubscriptionRenewed{Key: exampleKey, SubscriptionID: exampleSubscription, TermDuration: "P1Y", BillingCycle: "annual", Reason: "end of term"},
	ContactErasureRequested{Key: exampleKey, ErasureID: "5f4f2f0e-6f0a-5d9e-9a55-a1b2c3d4e5f6", Reason: "asked by the person", RequestedBy: "kim@northwind.example"},
	ContactErasureApproved{Key: exampleKey, ErasureID: "5f4f2f0e-6f0a-5d9e-9a55-a1b2c3d4e5f6", RequestedBy: "kim@northwind.example", Approver: "lee@northwind.example"},
	ContactErasureWithdrawn{Key: exampleKey, ErasureID: "5f4f2f0e-6f0a-5d9e-9a55-a1b2c3d4e5f6", Reason: "another customer was meant"},
}

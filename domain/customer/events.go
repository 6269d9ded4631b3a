package customer

import "github.com/partnerledger/partnerledger/domain"

// These names and fields are the stored form. They are frozen: never rename, never reuse.

// Key names one customer of one provider: a customer is known per provider.
type Key struct {
	ProviderTenantID domain.TenantID `json:"providerTenantId"`
	CustomerTenantID domain.TenantID `json:"customerTenantId"`
}

// DataSubject names the key that seals personal texts of the customer's contacts.
func (k Key) DataSubject() string { return k.Stream().String() }

// Stream is the customer's stream.
func (k Key) Stream() domain.Stream { return Stream(k.ProviderTenantID, k.CustomerTenantID) }

// DomainClaimed reserves a domain for the customer that follows.
type DomainClaimed struct {
	Domain string `json:"domain"`
	Key
}

// CustomerAdded makes the customer known (R44–R57). Company name and domain aren't personal.
type CustomerAdded struct {
	Key
	CompanyName        string  `json:"companyName"`
	RegistrationNumber string  `json:"registrationNumber,omitzero"`
	Domain             string  `json:"domain"`
	Billing            Billing `json:"billing"`
}

// Billing is where the customer's bills go.
type Billing struct {
	Email    domain.Personal `json:"email"`
	Culture  string          `json:"culture"`
	Language string          `json:"language"`
	Address  Address         `json:"address"`
}

// Address is a postal address with the person to ask for.
type Address struct {
	AddressLine1 domain.Personal `json:"addressLine1"`
	AddressLine2 domain.Personal `json:"addressLine2,omitzero"`
	City         string          `json:"city"`
	State        string          `json:"state,omitzero"`
	PostalCode   string          `json:"postalCode"`
	Country      string          `json:"country"`
	FirstName    domain.Personal `json:"firstName"`
	LastName     domain.Personal `json:"lastName"`
	PhoneNumber  domain.Personal `json:"phoneNumber,omitzero"`
}

// Contact is the person who accepted the customer agreement.
type Contact struct {
	FirstName   domain.Personal `json:"firstName"`
	LastName    domain.Personal `json:"lastName"`
	Email       domain.Personal `json:"email"`
	PhoneNumber domain.Personal `json:"phoneNumber,omitzero"`
}

// CustomerAssociatedWithReseller: the reseller manages the customer's account; it replaces the one before.
type CustomerAssociatedWithReseller struct {
	Key
	ResellerTenantID         domain.TenantID `json:"resellerTenantId"`
	PreviousResellerTenantID domain.TenantID `json:"previousResellerTenantId,omitzero"`
}

// CustomerDissociatedFromReseller ends the association; privileges, reseller of record and support contact stay.
type CustomerDissociatedFromReseller struct {
	Key
	ResellerTenantID domain.TenantID `json:"resellerTenantId"`
}

// DelegatedAdminPrivilegesGranted opens a grant, whatever the state of a partnership (R31, R32, R46).
type DelegatedAdminPrivilegesGranted struct {
	Key
	GranteeTenantID domain.TenantID `json:"granteeTenantId"`
	Kind            string          `json:"kind"`
	Roles           []string        `json:"roles,omitzero"`
	Duration        string          `json:"duration,omitzero"`
	// ExpiresAt is the first instant at which a GDAP grant isn't open any more.
	ExpiresAt *domain.Instant `json:"expiresAt,omitzero"`
}

// DelegatedAdminPrivilegesRevoked ends a grant; never by RemovePartnership (R38).
type DelegatedAdminPrivilegesRevoked struct {
	Key
	GranteeTenantID domain.TenantID `json:"granteeTenantId"`
	Kind            string          `json:"kind"`
	Reason          string          `json:"reason,omitzero"`
}

// CustomerAgreementConfirmed says that the customer has accepted the customer agreement.
type CustomerAgreementConfirmed struct {
	Key
	Contact    Contact     `json:"contact"`
	DateAgreed domain.Date `json:"dateAgreed"`
	TemplateID string      `json:"templateId"`
}

// ContactForgotten says that the personal data of the customer's contacts recorded so far is erased:
// the key that seals it is destroyed, the stored bytes stay.
type ContactForgotten struct {
	Key
	Reason string `json:"reason,omitzero"`
}

// OrderSubmitted is one order; its lines follow as purchases in the same append.
type OrderSubmitted struct {
	Key
	OrderID domain.OrderID `json:"orderId"`
	Channel string         `json:"channel,omitzero"`
	Lines   int            `json:"lines"`
}

// SubscriptionPurchased is one line of an order. The support contact starts with the provider.
type SubscriptionPurchased struct {
	Key
	SubscriptionID  domain.SubscriptionID `json:"subscriptionId"`
	OrderID         domain.OrderID        `json:"orderId"`
	OfferID         string                `json:"offerId"`
	OfferName       string                `json:"offerName"`
	Quantity        int                   `json:"quantity"`
	TermDuration    string                `json:"termDuration"`
	BillingCycle    string                `json:"billingCycle"`
	SupportTenantID domain.TenantID       `json:"supportTenantId"`
	SupportMPNID    domain.MPNID          `json:"supportMpnId"`
	SupportName     string                `json:"supportName"`
}

// ResellerOfRecordAssigned opens the credit of the id on this subscription (R26–R29).
type ResellerOfRecordAssigned struct {
	Key
	SubscriptionID   domain.SubscriptionID `json:"subscriptionId"`
	MPNID            domain.MPNID          `json:"mpnId"`
	ResellerTenantID domain.TenantID       `json:"resellerTenantId"`
	PreviousMPNID    domain.MPNID          `json:"previousMpnId,omitzero"`
	// Source is purchase, update or upgrade.
	Source string `json:"source"`
	// PartnerAgreementSigned is what was found at decision time (R28); an upgrade doesn't look.
	PartnerAgreementSigned bool `json:"partnerAgreementSigned"`
}

// ResellerOfRecordCleared: nobody is on record from now on.
type ResellerOfRecordCleared struct {
	Key
	SubscriptionID domain.SubscriptionID `json:"subscriptionId"`
	PreviousMPNID  domain.MPNID          `json:"previousMpnId"`
	Reason         string                `json:"reason,omitzero"`
}

// ResellerOfRecordCorrected: since From another id should have been on record. Old events stay.
type ResellerOfRecordCorrected struct {
	Key
	SubscriptionID   domain.SubscriptionID `json:"subscriptionId"`
	MPNID            domain.MPNID          `json:"mpnId"`
	ResellerTenantID domain.TenantID       `json:"resellerTenantId"`
	From             domain.Instant        `json:"effectiveFrom"`
	Reason           string                `json:"reason"`
	Approver         string                `json:"approver,omitzero"`
}

// SupportContactAssigned replaces the support contact of one subscription (R34, R66).
type SupportContactAssigned struct {
	Key
	SubscriptionID          domain.SubscriptionID `json:"subscriptionId"`
	SupportTenantID         domain.TenantID       `json:"supportTenantId"`
	SupportMPNID            domain.MPNID          `json:"supportMpnId"`
	SupportName             string                `json:"supportName"`
	PreviousSupportTenantID domain.TenantID       `json:"previousSupportTenantId,omitzero"`
}

// QuantityChanged is a change of the number of licences (R58).
type QuantityChanged struct {
	Key
	SubscriptionID domain.SubscriptionID `json:"subscriptionId"`
	Old            int                   `json:"old"`
	New            int                   `json:"new"`
	Channel        string                `json:"channel,omitzero"`
}

// SubscriptionUpgraded: full, when NewSubscriptionID is empty: the offer changes, the id stays. Partial:
// Moved seats leave for a new subscription, Remaining stay.
type SubscriptionUpgraded struct {
	Key
	SubscriptionID    domain.SubscriptionID `json:"subscriptionId"`
	FromOfferID       string                `json:"fromOfferId"`
	ToOfferID         string                `json:"toOfferId"`
	ToOfferName       string                `json:"toOfferName"`
	NewSubscriptionID domain.SubscriptionID `json:"newSubscriptionId,omitzero"`
	Moved             int                   `json:"moved"`
	Remaining         int                   `json:"remaining"`
	TermDuration      string                `json:"termDuration"`
	BillingCycle      string                `json:"billingCycle"`
	Channel           string                `json:"channel,omitzero"`
}

// SubscriptionSuspended stops the subscription for a while; its credit stays open.
type SubscriptionSuspended struct {
	Key
	SubscriptionID domain.SubscriptionID `json:"subscriptionId"`
	Reason         string                `json:"reason,omitzero"`
}

// SubscriptionReactivated ends a suspension.
type SubscriptionReactivated struct {
	Key
	SubscriptionID domain.SubscriptionID `json:"subscriptionId"`
	Reason         string                `json:"reason,omitzero"`
}

// SubscriptionCancelled ends the subscription and its credit.
type SubscriptionCancelled struct {
	Key
	SubscriptionID domain.SubscriptionID `json:"subscriptionId"`
	Reason         string                `json:"reason,omitzero"`
}

// SubscriptionRenewed begins a new term and opens the NCE windows again.
type SubscriptionRenewed struct {
	Key
	SubscriptionID domain.SubscriptionID `json:"subscriptionId"`
	TermDuration   string                `json:"termDuration"`
	BillingCycle   string                `json:"billingCycle"`
	Reason         string                `json:"reason,omitzero"`
}

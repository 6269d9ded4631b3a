package customer

import (
	"errors"
	"slices"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/provider"
)

// AddCustomer is the Submit of the wizard: a new customer with its first order, all of it or nothing (R44–R57).
type AddCustomer struct {
	Key
	Company Company `json:"company"`
	Domain  string  `json:"domain"`
	Billing Billing `json:"billing"`
	// ResellerTenantID is the reseller designated (R45); without it the customer is the provider's own.
	ResellerTenantID domain.TenantID `json:"resellerTenantId,omitzero"`
	Agreement        *Agreement      `json:"agreement,omitzero"`
	// Order is absent only for the opening balance of a customer without subscriptions.
	Order *Order `json:"order,omitzero"`
}

// Company is the customer as its country's register knows it.
type Company struct {
	Name               string `json:"name"`
	RegistrationNumber string `json:"registrationNumber,omitzero"`
}

// Agreement is the customer's acceptance of the customer agreement.
type Agreement struct {
	Contact    Contact     `json:"contact"`
	DateAgreed domain.Date `json:"dateAgreed"`
	TemplateID string      `json:"templateId"`
}

// CommandType is the name on the wire.
func (AddCustomer) CommandType() string { return "AddCustomer" }

// partnershipFirst is what partnership-not-active says where a customer is added.
const partnershipFirst = "The indirect reseller must have a partnership with you before you add a customer for it."

// add refuses, in this order: customer-already-exists, what check refuses, and what buy refuses.
func add(s State, f *domain.Facts, at domain.Instant, c AddCustomer) (domain.Decision, error) {
	if s.Added {
		return refused(domain.CustomerAlreadyExists)
	}
	holder := domain.Look[DomainState](f, DomainStream(c.Domain))
	if err := c.check(f, at, holder); err != nil {
		return domain.Decision{}, c.putAnotherWay(err)
	}
	d := domain.Decision{Events: c.events()}
	if !holder.Taken() {
		d.Claims = []domain.Claim{DomainClaimed{Domain: c.Domain, Key: c.Key}}
	}
	if c.Order != nil {
		bought, err := s.buy(f, c.Key, *c.Order, "")
		if err != nil {
			return domain.Decision{}, c.putAnotherWay(err)
		}
		d.Events = append(d.Events, bought...)
	}
	return d, nil
}

// putAnotherWay gives partnership-not-active the sentence it has here.
func (AddCustomer) putAnotherWay(err error) error {
	if r, ok := errors.AsType[*domain.Refusal](err); ok && r.Code == domain.PartnershipNotActive {
		return r.Says(partnershipFirst)
	}
	return err
}

// check refuses, in this order: what checkCompany refuses, domain-taken after domain-invalid, what
// checkBilling refuses, partnership-not-active, reseller-deauthorized, reseller-suspended (of the reseller
// designated), customer-agreement-missing, agreement-date-in-future.
func (c AddCustomer) check(f *domain.Facts, at domain.Instant, holder DomainState) error {
	switch {
	case !validCompanyName(c.Company.Name):
		return domain.Refuse(domain.CompanyNameInvalid)
	case !validDomain(c.Domain):
		return domain.Refuse(domain.DomainInvalid)
	case holder.Taken() && holder.Holder != c.Key:
		return domain.Refuse(domain.DomainTaken, c.Domain)
	}
	if err := c.checkBilling(provider.Look(f, c.ProviderTenantID).EmailDomain); err != nil {
		return err
	}
	if c.ResellerTenantID != "" {
		if err := c.checkReseller(f, c.ResellerTenantID); err != nil {
			return err
		}
	}
	if c.Agreement == nil {
		return domain.Refuse(domain.CustomerAgreementMissing)
	}
	return checkAgreed(c.Agreement.DateAgreed, at)
}

// checkBilling refuses, in this order: email-invalid, billing-email-not-allowed, registration-number-missing,
// phone-number-missing, registration-number-not-supported. The last three follow from the country.
func (c AddCustomer) checkBilling(providerDomain string) error {
	email, address := c.Billing.Email.Reveal(), c.Billing.Address
	register := slices.Contains(registered, address.Country)
	switch {
	case !domain.ValidEmail(email):
		return domain.Refuse(domain.EmailInvalid)
	case !ownEmail(email, providerDomain):
		return domain.Refuse(domain.BillingEmailNotAllowed)
	case register && c.Company.RegistrationNumber == "":
		return domain.Refuse(domain.RegistrationNumberMissing)
	case register && address.PhoneNumber.IsZero():
		return domain.Refuse(domain.PhoneNumberMissing)
	case !register && c.Company.RegistrationNumber != "":
		return domain.Refuse(domain.RegistrationNumberNotSupported)
	default:
		return nil
	}
}

// events are those before the order. Privileges are granted once: to the reseller designated, else to
// the provider (R46, R57). The agreement is a fact of its own, as when it is confirmed later.
func (c AddCustomer) events() []domain.Event {
	events := []domain.Event{CustomerAdded{Key: c.Key, CompanyName: c.Company.Name, RegistrationNumber: c.Company.RegistrationNumber,
		Domain: c.Domain, Billing: c.Billing}}
	grantee := c.ProviderTenantID
	if c.ResellerTenantID != "" {
		grantee = c.ResellerTenantID
		events = append(events, CustomerAssociatedWithReseller{Key: c.Key, ResellerTenantID: c.ResellerTenantID})
	}
	return append(events,
		DelegatedAdminPrivilegesGranted{Key: c.Key, GranteeTenantID: grantee, Kind: DAP},
		CustomerAgreementConfirmed{Key: c.Key, Contact: c.Agreement.Contact, DateAgreed: c.Agreement.DateAgreed, TemplateID: c.Agreement.TemplateID})
}

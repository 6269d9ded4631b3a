package customers

import (
	"context"
	_ "embed"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// Filter says which customers are asked for, and when; what is empty doesn't matter.
type Filter struct {
	At       readmodel.Point
	Provider domain.TenantID
	Customer domain.TenantID
	Reseller domain.TenantID // the one associated
	Direct   bool            // only customers without a reseller
	Search   string          // words in the company's name
	Domain   string          // as a whole, without regard to case
}

// Customer is a customer of a provider, with the reseller that managed it at the instant asked about.
type Customer struct {
	ProviderTenantID domain.TenantID `json:"providerTenantId"`
	CustomerTenantID domain.TenantID `json:"customerTenantId"`
	Company          string          `json:"company"`
	Domain           string          `json:"domain"`
	Country          string          `json:"country"`
	AddedAt          domain.Instant  `json:"addedAt"`
	// ResellerTenantID and AssociatedSince are null for a direct customer.
	ResellerTenantID *domain.TenantID `json:"resellerTenantId"`
	AssociatedSince  *domain.Instant  `json:"associatedSince"`
	// PartnershipActive says whether that reseller was in the provider's list; an association outlives it (R37).
	PartnershipActive bool `json:"partnershipActive"`
	// ContactForgottenAt is when the contacts' personal data was erased last.
	ContactForgottenAt *domain.Instant `json:"contactForgottenAt,omitzero"`
}

//go:embed customers.sql
var selectCustomers string

var customerList = readmodel.List[Customer]{
	OrderBy: []string{"c.provider_tenant_id", "c.customer_tenant_id"},
	Fields: func(c *Customer) []any {
		return []any{&c.ProviderTenantID, &c.CustomerTenantID, &c.Company, &c.Domain, &c.Country, &c.AddedAt, &c.ResellerTenantID,
			&c.AssociatedSince, &c.PartnershipActive, &c.ContactForgottenAt}
	},
	Key: func(c Customer) []any { return []any{string(c.ProviderTenantID), string(c.CustomerTenantID)} },
}

// ofReseller finds the customers that a reseller managed then, of whichever provider: its partnerships lead to them.
const ofReseller = `(c.provider_tenant_id, c.customer_tenant_id) IN (
    SELECT x.provider_tenant_id, x.customer_tenant_id
    FROM (SELECT DISTINCT p.provider_tenant_id, p.reseller_tenant_id FROM partnerships p WHERE p.reseller_tenant_id = ?) p
    JOIN customer_resellers x ON x.provider_tenant_id = p.provider_tenant_id AND x.reseller_tenant_id = p.reseller_tenant_id
    WHERE x.since <= ? AND (x.until IS NULL OR x.until > ?))`

// Customers are those asked for, by provider and customer.
func Customers(ctx context.Context, r sqldb.Reader, f Filter, page readmodel.Page) (readmodel.Slice[Customer], error) {
	s := readmodel.From(selectCustomers, f.At.Facts)
	readmodel.When(s, f.Provider, "c.provider_tenant_id = ?")
	readmodel.When(s, f.Customer, "c.customer_tenant_id = ?")
	if f.Reseller != "" {
		s.And(ofReseller, f.Reseller, f.At.Facts, f.At.Facts)
	}
	readmodel.When(s, f.Domain, "LOWER(c.domain) = LOWER(?)")
	if f.Direct {
		s.And("a.reseller_tenant_id IS NULL")
	}
	return customerList.Page(ctx, r, s.Search("c.company", f.Search), page)
}

// One is one customer, and false where the provider had none of that tenant then.
func One(ctx context.Context, r sqldb.Reader, at readmodel.Point, k customer.Key) (Customer, bool, error) {
	s := readmodel.From(selectCustomers, at.Facts).And("c.provider_tenant_id = ?", k.ProviderTenantID).And("c.customer_tenant_id = ?", k.CustomerTenantID)
	return readmodel.One(ctx, r, s, customerList.Fields)
}

// Association is a stretch in which one reseller managed the customer.
type Association struct {
	ResellerTenantID domain.TenantID `json:"resellerTenantId"`
	Since            domain.Instant  `json:"since"`
	Until            *domain.Instant `json:"until"`
}

const selectAssociations = `SELECT a.reseller_tenant_id, a.since, a.until FROM customer_resellers a
WHERE a.since <= $1 AND a.provider_tenant_id = $2 AND a.customer_tenant_id = $3`

// Associations are all associations of a customer that had begun, in order of time.
func Associations(ctx context.Context, r sqldb.Reader, at readmodel.Point, k customer.Key) ([]Association, error) {
	s := readmodel.From(selectAssociations, at.Facts, k.ProviderTenantID, k.CustomerTenantID).Order("a.seq")
	list, err := readmodel.All(ctx, r, s, func(a *Association) []any { return []any{&a.ResellerTenantID, &a.Since, &a.Until} })
	for i := range list {
		list[i].Until = at.Shown(list[i].Until)
	}
	return list, err
}

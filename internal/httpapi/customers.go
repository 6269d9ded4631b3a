package httpapi

import (
	"context"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/projections/customers"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

type customersInput struct {
	Paged
	Provider string `query:"provider" format:"uuid" doc:"Only of this provider (tenant id)"`
	Reseller string `query:"reseller" pattern:"^(none|[0-9a-f-]{36})$" doc:"Only those associated with this reseller (tenant id); none: direct customers"`
	Customer string `query:"customer" format:"uuid" doc:"Only this customer (tenant id)"`
	Search   string `query:"search" maxLength:"200" doc:"Words in the company's name"`
	Domain   string `query:"domain" maxLength:"120" doc:"The customer's domain"`
}

func listCustomers(ctx context.Context, r sqldb.Reader, in *customersInput, at readmodel.Point) (readmodel.Slice[customers.Customer], error) {
	f := customers.Filter{At: at, Provider: domain.TenantID(in.Provider), Customer: domain.TenantID(in.Customer), Search: in.Search, Domain: in.Domain}
	if in.Reseller == "none" {
		f.Direct = true
	} else {
		f.Reseller = domain.TenantID(in.Reseller)
	}
	return customers.Customers(ctx, r, f, in.page())
}

type customerPath struct {
	Moment
	Provider string `path:"provider" format:"uuid"`
	Customer string `path:"customer" format:"uuid"`
}

func (in *customerPath) key() customer.Key {
	return customer.Key{ProviderTenantID: domain.TenantID(in.Provider), CustomerTenantID: domain.TenantID(in.Customer)}
}

// CustomerDetail is a customer with all associations that it has had.
type CustomerDetail struct {
	customers.Customer
	Associations []customers.Association `json:"associations"`
}

func customerDetail(ctx context.Context, r sqldb.Reader, in *customerPath, at readmodel.Point) (CustomerDetail, error) {
	found, ok, err := customers.One(ctx, r, at, in.key())
	if err != nil || !ok {
		return CustomerDetail{}, notFoundUnless(err, "There is no such customer of this provider.")
	}
	history, err := customers.Associations(ctx, r, at, in.key())
	return CustomerDetail{Customer: found, Associations: history}, err
}

type privilegesInput struct {
	Paged
	Provider string `query:"provider" format:"uuid" doc:"Only of this provider (tenant id)"`
	Customer string `query:"customer" format:"uuid" doc:"Only over this customer (tenant id)"`
	Grantee  string `query:"grantee" format:"uuid" doc:"Only held by this tenant"`
	Kind     string `query:"kind" enum:"DAP,GDAP,AzureTenantOwner" doc:"Only of this kind"`
	Orphaned bool   `query:"orphaned" doc:"Only those held by resellers without an active partnership"`
}

func privileges(ctx context.Context, r sqldb.Reader, in *privilegesInput, at readmodel.Point) (readmodel.Slice[customers.Privilege], error) {
	return customers.Privileges(ctx, r, customers.PrivilegeFilter{At: at, Provider: domain.TenantID(in.Provider), Customer: domain.TenantID(in.Customer),
		Grantee: domain.TenantID(in.Grantee), Kind: in.Kind, WithoutPartnership: in.Orphaned}, in.page())
}

package httpapi

import (
	"context"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/subscriptions"
)

// Place filters by provider, customer and subscription.
type Place struct {
	Provider     string `query:"provider" format:"uuid" doc:"Only of this provider (tenant id)"`
	Customer     string `query:"customer" format:"uuid" doc:"Only of this customer (tenant id)"`
	Subscription string `query:"subscription" format:"uuid" doc:"Only this subscription"`
}

type subscriptionsInput struct {
	Paged
	Place
	Reseller string `query:"reseller" format:"uuid" doc:"Only where this reseller (tenant id) is on record"`
	MPN      string `query:"mpn" maxLength:"32" doc:"Only where this MPN ID is on record"`
	Status   string `query:"status" enum:"active,suspended,cancelled" doc:"Only in this status"`
}

func listSubscriptions(ctx context.Context, r sqldb.Reader, in *subscriptionsInput, at readmodel.Point) (readmodel.Slice[subscriptions.Subscription], error) {
	return subscriptions.Subscriptions(ctx, r, subscriptions.Filter{At: at, Provider: domain.TenantID(in.Provider), Customer: domain.TenantID(in.Customer),
		Subscription: domain.SubscriptionID(in.Subscription), Reseller: domain.TenantID(in.Reseller), MPNID: domain.MPNID(in.MPN), Status: in.Status}, in.page())
}

type subscriptionPath struct {
	Moment
	Provider     string `path:"provider" format:"uuid"`
	Customer     string `path:"customer" format:"uuid"`
	Subscription string `path:"subscription" format:"uuid"`
}

func subscriptionDetail(ctx context.Context, r sqldb.Reader, in *subscriptionPath, at readmodel.Point) (subscriptions.Detail, error) {
	key := customer.Key{ProviderTenantID: domain.TenantID(in.Provider), CustomerTenantID: domain.TenantID(in.Customer)}
	found, ok, err := subscriptions.One(ctx, r, at, key, domain.SubscriptionID(in.Subscription))
	if err != nil || !ok {
		return found, notFoundUnless(err, "There is no such subscription of this customer.")
	}
	return found, nil
}

type contactsInput struct {
	Paged
	Place
	Support string `query:"support" format:"uuid" doc:"Only where this tenant is the contact"`
}

func supportContacts(ctx context.Context, r sqldb.Reader, in *contactsInput, at readmodel.Point) (readmodel.Slice[subscriptions.SupportContact], error) {
	return subscriptions.SupportContacts(ctx, r, subscriptions.ContactFilter{At: at, Provider: domain.TenantID(in.Provider), Customer: domain.TenantID(in.Customer),
		Subscription: domain.SubscriptionID(in.Subscription), Support: domain.TenantID(in.Support)}, in.page())
}

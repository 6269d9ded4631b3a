package state

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"slices"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/projections/customers"
	"github.com/partnerledger/partnerledger/projections/partners"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/subscriptions"
)

// The rows are those of the read models; the document's fields are among theirs.
type (
	// Reseller is a line of a provider's list.
	Reseller = partners.Reseller
	// SupportContact is who supports a subscription.
	SupportContact = subscriptions.SupportContact
	// Privilege is an open grant.
	Privilege = customers.Privilege
	// Subscription is a subscription as it stood then.
	Subscription = subscriptions.Subscription
)

// OpenRequest is a partnership request that can still be answered.
type OpenRequest struct {
	ProviderTenantID domain.TenantID  `json:"providerTenantId"`
	RequestID        domain.RequestID `json:"requestId"`
	ResellerEmail    string           `json:"resellerEmail"`
	RequestedAt      domain.Instant   `json:"requestedAt"`
	ExpiresAt        domain.Instant   `json:"expiresAt"`
}

// ResellerCustomers are the customers that one reseller manages for one provider, or the direct ones.
type ResellerCustomers struct {
	ProviderTenantID  domain.TenantID  `json:"providerTenantId"`
	ResellerTenantID  *domain.TenantID `json:"resellerTenantId"`
	PartnershipActive bool             `json:"partnershipActive"`
	Customers         []Customer       `json:"customers"`
}

// Customer is one of them.
type Customer struct {
	CustomerTenantID   domain.TenantID `json:"customerTenantId"`
	Company            string          `json:"company"`
	Domain             string          `json:"domain"`
	ContactForgottenAt *domain.Instant `json:"contactForgottenAt,omitzero"`
}

//go:embed newest.sql
var selectNewest string

func newest(ctx context.Context, r sqldb.Reader) (domain.Instant, error) {
	at, _, err := readmodel.One(ctx, r, readmodel.From(selectNewest), func(at *domain.Instant) []any { return []any{at} })
	return at, err
}

func resellers(ctx context.Context, r sqldb.Reader, at readmodel.Point) ([]Reseller, error) {
	list, err := partners.Resellers(ctx, r, partners.Filter{At: at}, readmodel.Everything)
	return list.Items, err
}

func (a Assembler) requests(ctx context.Context, r sqldb.Reader, at readmodel.Point) ([]OpenRequest, error) {
	list, err := partners.Requests(ctx, r, partners.RequestFilter{At: at, State: partners.Open}, readmodel.Everything)
	if err != nil {
		return nil, err
	}
	open := make([]OpenRequest, len(list.Items))
	for i, q := range list.Items {
		email, err := a.Reveal(q.ResellerEmail)
		if err != nil {
			return nil, fmt.Errorf("address of request %s: %w", q.RequestID, err)
		}
		open[i] = OpenRequest{q.ProviderTenantID, q.RequestID, email, q.RequestedAt, q.ExpiresAt}
	}
	slices.SortFunc(open, func(a, b OpenRequest) int { return cmp.Compare(a.RequestID, b.RequestID) })
	return open, nil
}

// customersByReseller groups the customers; direct ones come first, as the empty id does.
func customersByReseller(ctx context.Context, r sqldb.Reader, at readmodel.Point) ([]ResellerCustomers, error) {
	list, err := customers.Customers(ctx, r, customers.Filter{At: at}, readmodel.Everything)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list.Items, func(a, b customers.Customer) int {
		return cmp.Or(cmp.Compare(a.ProviderTenantID, b.ProviderTenantID), cmp.Compare(text(a.ResellerTenantID), text(b.ResellerTenantID)))
	})
	groups := []ResellerCustomers{}
	for _, c := range list.Items {
		if n := len(groups); n == 0 || !groups[n-1].holds(c) {
			groups = append(groups, ResellerCustomers{ProviderTenantID: c.ProviderTenantID, ResellerTenantID: c.ResellerTenantID,
				PartnershipActive: c.PartnershipActive})
		}
		last := &groups[len(groups)-1]
		last.Customers = append(last.Customers, Customer{c.CustomerTenantID, c.Company, c.Domain, c.ContactForgottenAt})
	}
	return groups, nil
}

func (g ResellerCustomers) holds(c customers.Customer) bool {
	return g.ProviderTenantID == c.ProviderTenantID && text(g.ResellerTenantID) == text(c.ResellerTenantID)
}

func text(id *domain.TenantID) domain.TenantID {
	if id == nil {
		return ""
	}
	return *id
}

func subscriptionsThen(ctx context.Context, r sqldb.Reader, at readmodel.Point) ([]Subscription, error) {
	list, err := subscriptions.Subscriptions(ctx, r, subscriptions.Filter{At: at}, readmodel.Everything)
	slices.SortStableFunc(list.Items, func(a, b Subscription) int { return cmp.Compare(a.SubscriptionID, b.SubscriptionID) })
	return list.Items, err
}

func supportContacts(ctx context.Context, r sqldb.Reader, at readmodel.Point) ([]SupportContact, error) {
	list, err := subscriptions.SupportContacts(ctx, r, subscriptions.ContactFilter{At: at}, readmodel.Everything)
	slices.SortStableFunc(list.Items, func(a, b SupportContact) int { return cmp.Compare(a.SubscriptionID, b.SubscriptionID) })
	return list.Items, err
}

func privileges(ctx context.Context, r sqldb.Reader, at readmodel.Point) ([]Privilege, error) {
	list, err := customers.Privileges(ctx, r, customers.PrivilegeFilter{At: at}, readmodel.Everything)
	return list.Items, err
}

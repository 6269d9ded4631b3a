package timeline

import (
	"cmp"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/outcome"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/about"
)

// named are the ids in the data of a command that left no fact; its texts aren't looked at.
type named struct {
	SubscriptionID   domain.SubscriptionID `json:"subscriptionId"`
	RequestID        domain.RequestID      `json:"requestId"`
	OrderID          domain.OrderID        `json:"orderId"`
	MPNID            domain.MPNID          `json:"mpnId"`
	SupportTenantID  domain.TenantID       `json:"supportTenantId"`
	GranteeTenantID  domain.TenantID       `json:"granteeTenantId"`
	ProviderTenantID domain.TenantID       `json:"providerTenantId"`
}

// tried adds what a refused command was about, which its event doesn't say, so that it stands in the timeline
// of everything that it named; and why it was refused.
func tried(e projections.Event, a *about.About) error {
	switch f := e.Fact.(type) {
	case outcome.CommandRefused:
		a.Reason = f.Sentence
	case outcome.CommandChangedNothing:
	default:
		return nil
	}
	data := e.Meta.Command.Data
	if data == nil {
		return nil
	}
	var n named
	if err := json.Unmarshal(data, &n); err != nil {
		return fmt.Errorf("command of event %s: %w", e.ID, err)
	}
	a.Subscription, a.Request, a.Order, a.MPNID = n.SubscriptionID, n.RequestID, n.OrderID, n.MPNID
	if other := cmp.Or(n.SupportTenantID, n.GranteeTenantID); other != n.ProviderTenantID {
		a.Reseller = cmp.Or(a.Reseller, other)
	}
	return nil
}

package workload

import "github.com/partnerledger/partnerledger/domain"

// The channels on which subscriptions may, and may not, be changed.
const (
	microsoft365Portal = "microsoft365Portal"
	azurePortal        = "azurePortal"
)

type placeOrder struct {
	account account
	order   string
	lines   []orderLine
	channel string
}

func (placeOrder) kind() string { return "PlaceOrder" }
func (w placeOrder) put(f fields) fields {
	return putLines(w.account.put(f).text("orderId", w.order), w.lines).maybe("channel", w.channel)
}

// contract names a subscription of a customer.
type contract struct {
	account      account
	subscription id
}

func (c contract) put(f fields) fields { return c.account.put(f).id("subscriptionId", c.subscription) }

type assignReseller struct {
	contract contract
	mpn      domain.MPNID
}

func (assignReseller) kind() string          { return "AssignResellerToSubscription" }
func (w assignReseller) put(f fields) fields { return w.contract.put(f).mpn("mpnId", w.mpn) }

type correctReseller struct {
	contract         contract
	mpn              domain.MPNID
	effective        domain.Instant
	reason, approver string
}

func (correctReseller) kind() string { return "CorrectResellerOfRecord" }
func (w correctReseller) put(f fields) fields {
	return w.contract.put(f).mpn("mpnId", w.mpn).moment("effectiveFrom", w.effective).
		text("reason", w.reason).maybe("approver", w.approver)
}

type assignSupport struct {
	contract contract
	support  id
	mpn      domain.MPNID
	name     string
}

func (assignSupport) kind() string { return "AssignSupportContact" }
func (w assignSupport) put(f fields) fields {
	return w.contract.put(f).id("supportTenantId", w.support).mpn("supportMpnId", w.mpn).text("name", w.name)
}

type changeQuantity struct {
	contract contract
	quantity int
	// expected is the number that the user saw; 0 where the client doesn't say.
	expected int
	channel  string
}

func (changeQuantity) kind() string { return "ChangeQuantity" }
func (w changeQuantity) put(f fields) fields {
	return w.contract.put(f).number("quantity", w.quantity).maybeNumber("expectedQuantity", w.expected).maybe("channel", w.channel)
}

type upgrade struct {
	contract contract
	to       *offer
	// moved is the number of seats that go to the new subscription; both are absent of a full upgrade.
	moved   int
	created id
	channel string
}

func (upgrade) kind() string { return "UpgradeSubscription" }
func (w upgrade) put(f fields) fields {
	return w.contract.put(f).text("toOfferId", w.to.id).text("toOfferName", w.to.name).
		maybeNumber("quantity", w.moved).maybeID("newSubscriptionId", w.created).maybe("channel", w.channel)
}

// turn is a command that has nothing to say but which subscription, and maybe why.
type turn struct {
	verb     string
	contract contract
	reason   string
}

// The turns in a subscription's life.
const (
	suspend       = "SuspendSubscription"
	reactivate    = "ReactivateSubscription"
	cancel        = "CancelSubscription"
	renew         = "RenewSubscription"
	clearReseller = "ClearResellerFromSubscription"
)

func (w turn) kind() string        { return w.verb }
func (w turn) put(f fields) fields { return w.contract.put(f).maybe("reason", w.reason) }

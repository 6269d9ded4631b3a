package customer

import "github.com/partnerledger/partnerledger/domain"

// Decide is the table of contents of what can be wished of a customer.
func Decide(s State, f *domain.Facts, in domain.Intent) (domain.Decision, error) {
	switch c := in.Command.(type) {
	case AddCustomer:
		return add(s, f, in.At, c)
	case AssociateCustomerWithReseller:
		return associate(s, f, c)
	case DissociateCustomerFromReseller:
		return dissociate(s, c)
	case GrantDelegatedAdminPrivileges:
		return grant(s, f, in.At, c)
	case RevokeDelegatedAdminPrivileges:
		return revoke(s, in.At, c)
	case ConfirmCustomerAgreement:
		return confirm(s, in.At, c)
	case ForgetContact:
		return forget(s, f, c)
	case PlaceOrder:
		return placeOrder(s, f, c)
	default:
		return decideOnSubscription(s, f, in)
	}
}

// decideOnSubscription goes on with what can be wished of one of the customer's subscriptions.
func decideOnSubscription(s State, f *domain.Facts, in domain.Intent) (domain.Decision, error) {
	switch c := in.Command.(type) {
	case AssignResellerToSubscription:
		return assignReseller(s, f, c)
	case ClearResellerFromSubscription:
		return clearReseller(s, f, c)
	case CorrectResellerOfRecord:
		return correctReseller(s, f, in.At, c)
	case AssignSupportContact:
		return assignSupport(s, f, c)
	case ChangeQuantity:
		return changeQuantity(s, in.At, c)
	case UpgradeSubscription:
		return upgrade(s, f, c)
	case SuspendSubscription:
		return suspend(s, c)
	case ReactivateSubscription:
		return reactivate(s, c)
	case CancelSubscription:
		return cancel(s, in.At, c)
	case RenewSubscription:
		return renew(s, c)
	default:
		return domain.Decision{}, domain.NotMine(Category, in.Command)
	}
}

// Commands holds one empty example of each command of this package.
var Commands = []domain.Command{
	AddCustomer{}, AssociateCustomerWithReseller{}, DissociateCustomerFromReseller{},
	GrantDelegatedAdminPrivileges{}, RevokeDelegatedAdminPrivileges{}, ConfirmCustomerAgreement{}, ForgetContact{}, PlaceOrder{},
	AssignResellerToSubscription{}, ClearResellerFromSubscription{}, CorrectResellerOfRecord{}, AssignSupportContact{},
	ChangeQuantity{}, UpgradeSubscription{}, SuspendSubscription{}, ReactivateSubscription{}, CancelSubscription{}, RenewSubscription{},
}

// Target is the customer's stream: every command names its customer by Key.
func (k Key) Target() domain.Stream { return k.Stream() }

// Parties names the provider and the customer.
func (k Key) Parties() domain.Parties {
	return domain.Parties{Provider: k.ProviderTenantID, Customer: k.CustomerTenantID}
}

func recorded(events ...domain.Event) (domain.Decision, error) {
	return domain.Decision{Events: events}, nil
}

func refused(code domain.Code, args ...string) (domain.Decision, error) {
	return domain.Decision{}, domain.Refuse(code, args...)
}

// known refuses customer-not-found.
func (s State) known() error {
	if !s.Added {
		return domain.Refuse(domain.CustomerNotFound)
	}
	return nil
}

// find refuses, in this order: customer-not-found, subscription-not-found.
func (s State) find(id domain.SubscriptionID) (Subscription, error) {
	if err := s.known(); err != nil {
		return Subscription{}, err
	}
	found, ok := s.Subscriptions[id]
	if !ok {
		return Subscription{}, domain.Refuse(domain.SubscriptionNotFound, string(id))
	}
	return found, nil
}

// living refuses, in this order: customer-not-found, subscription-not-found, subscription-ended.
func (s State) living(id domain.SubscriptionID) (Subscription, error) {
	found, err := s.find(id)
	if err == nil && found.Ended != nil {
		err = domain.Refuse(domain.SubscriptionEnded, string(id))
	}
	return found, err
}

// active refuses like living, and then subscription-suspended.
func (s State) active(id domain.SubscriptionID) (Subscription, error) {
	found, err := s.living(id)
	if err == nil && found.Status == Suspended {
		err = domain.Refuse(domain.SubscriptionSuspended)
	}
	return found, err
}

// azurePortal is where subscriptions can't be changed (R59).
const azurePortal = "azurePortal"

package partnership

import "github.com/partnerledger/partnerledger/domain"

// DecideRequest is the table of contents of what can be wished of a request.
func DecideRequest(s RequestState, f *domain.Facts, in domain.Intent) (domain.Decision, error) {
	switch c := in.Command.(type) {
	case RequestPartnership:
		return ask(s, f, in.At, c)
	case AcceptPartnership:
		return accept(s, f, in.At, c)
	case DeclinePartnership:
		return decline(s, in.At, c)
	case WithdrawPartnershipRequest:
		return withdraw(s, in.At, c)
	default:
		return domain.Decision{}, domain.NotMine(RequestCategory, in.Command)
	}
}

// Decide is the table of contents of what can be wished of a partnership, for who knows the customers.
func Decide(known Customers) func(State, *domain.Facts, domain.Intent) (domain.Decision, error) {
	return func(s State, f *domain.Facts, in domain.Intent) (domain.Decision, error) {
		switch c := in.Command.(type) {
		case EstablishPartnership:
			return establish(s, c)
		case RemovePartnership:
			return remove(s, c)
		case RecordTerminationNotice:
			return notice(s, f, in.At, known, c)
		default:
			return domain.Decision{}, domain.NotMine(Category, in.Command)
		}
	}
}

// RequestCommands holds one empty example of each command that DecideRequest decides.
var RequestCommands = []domain.Command{RequestPartnership{}, AcceptPartnership{}, DeclinePartnership{}, WithdrawPartnershipRequest{}}

// Commands holds one empty example of each command of the vocabulary that Decide decides.
var Commands = []domain.Command{RemovePartnership{}, RecordTerminationNotice{}}

// Reactions holds one empty example of each command that Decide decides and the ledger issues to itself.
var Reactions = []domain.Reaction{EstablishPartnership{}}

// answerable refuses, in this order: request-not-found, request-not-open. Another provider's request
// isn't found, so that nobody learns of it.
func answerable(s RequestState, provider domain.TenantID, at domain.Instant) error {
	if !s.Made() || s.ProviderTenantID != provider {
		return domain.Refuse(domain.RequestNotFound)
	}
	if !s.Open(at) {
		return domain.Refuse(domain.RequestNotOpen)
	}
	return nil
}

func recorded(e domain.Event) (domain.Decision, error) {
	return domain.Decision{Events: []domain.Event{e}}, nil
}

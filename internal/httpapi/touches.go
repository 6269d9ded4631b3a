package httpapi

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
)

// touches says beside which other lines of its submission a command may be decided: beside those with which it
// shares no key. Alone says that it may be decided beside none; that is so for every command of which nothing
// better is known here.
//
// Why that changes no outcome: two commands can be swapped if neither writes what the other looks at or writes.
//
//   - A command whose target is a customer's stream writes to that stream alone, and AddCustomer to that of the
//     domain besides: these are its keys, so whoever shares one is decided in the order of the file. So is whoever
//     says the same command id, since its answer is the first one's.
//   - Whatever else it looks at (provider, reseller, partnership, MPN ID) is written only by commands that are
//     decided alone: what it sees there is what it would have seen in its turn.
//   - What it leaves where it is refused, or changes nothing, goes into streams at which no decision looks. There,
//     and in the log as a whole, such commands may stand in another order than in the file: nothing else differs.
//   - Orders and subscriptions have ids that are unique within their customer, personal texts are sealed and
//     forgotten by customer, and time goes on by stream: all of that is within the first key.
func touches(id domain.CommandID, c domain.Command) (keys []string, alone bool) {
	_, redirected := c.(domain.Redirected) // its target isn't known before the facts are
	target := c.Target()
	if redirected || target.Category != customer.Category {
		return nil, true
	}
	keys = []string{string(id), target.String()}
	if add, ok := c.(customer.AddCustomer); ok {
		keys = append(keys, customer.DomainStream(add.Domain).String())
	}
	return keys, false
}

package vocabulary

import (
	"fmt"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/provider"
)

// Rules is the entrance to every decision, under one role table. The zero Rules ask the default one.
type Rules struct{ Policy Policy }

// Recorded is the role table's name as decisions record it: nothing where it is the default one.
func (r Rules) Recorded() Policy {
	if r.Policy == Default {
		return ""
	}
	return r.Policy
}

// Decide decides under the default role table.
func Decide(f *domain.Facts, in domain.Intent) (domain.Decision, error) {
	return Rules{}.Decide(f, in)
}

// Decide gives the decision, or a *domain.Refusal; any other error is a fault of the program. It is a
// pure function: while f has something Missing, what it gives is to be thrown away.
func (r Rules) Decide(f *domain.Facts, in domain.Intent) (domain.Decision, error) {
	name := in.Command.CommandType()
	decide, known := decidesByName[name]
	if !known {
		return domain.Decision{}, fmt.Errorf("%s is no command of the vocabulary", name)
	}
	if _, reaction := in.Command.(domain.Reaction); reaction {
		return decide(f, in)
	}
	grants, operation := grantsByName[name]
	if !operation {
		grants = rolesOf(r.Policy)[name]
	}
	if err := domain.Permit(grants, in.Command.Parties(), in.Actor); err != nil {
		return domain.Decision{}, err
	}
	if err := providerKnown(f, in.Command); err != nil {
		return domain.Decision{}, err
	}
	return decide(f, in)
}

// providerKnown refuses account-not-found where the command names a provider that nobody has registered,
// except where the command is what registers it.
func providerKnown(f *domain.Facts, c domain.Command) error {
	id := c.Parties().Provider
	if _, registers := c.(provider.RegisterProvider); registers || id == "" {
		return nil
	}
	if !provider.Look(f, id).Registered {
		return domain.Refuse(domain.AccountNotFound, string(id))
	}
	return nil
}

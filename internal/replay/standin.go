package replay

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/partnership"
	"github.com/partnerledger/partnerledger/domain/provider"
)

// standInEmail is an address that every rule accepts.
const standInEmail = "somebody@somewhere.example"

// standIns are commands with other texts in the place of those that nobody can read any more, one for
// each way in which a rule may judge them. With the texts empty the command was tried already.
func standIns(c domain.Command, p provider.State) []domain.Command {
	switch c := c.(type) {
	case customer.AddCustomer:
		own := c
		fill(&c.Billing.Email, standInEmail)
		fill(&own.Billing.Email, "somebody@"+p.EmailDomain)
		return []domain.Command{c, own}
	case partnership.RequestPartnership:
		unlinked := c
		fill(&c.ResellerEmail, standInEmail)
		fill(&c.Message, p.PartnershipLink)
		fill(&unlinked.ResellerEmail, standInEmail)
		return []domain.Command{c, unlinked}
	}
	return nil
}

// fill puts a text in the place of one that nobody can read.
func fill(p *domain.Personal, text string) {
	if !p.IsZero() && p.Reveal() == "" {
		*p = domain.PersonalText(text)
	}
}

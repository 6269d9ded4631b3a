package credit

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
)

// firstSeats are those of a subscription that begins: active, with nobody on record yet.
func (c change) firstSeats(s subscription, number int) error {
	m, err := managers.Get(c.ctx, c.rows, &managed{Provider: s.ProviderTenantID, Customer: s.CustomerTenantID})
	if err != nil {
		return err
	}
	first := &step{Provider: s.ProviderTenantID, Customer: s.CustomerTenantID, ID: s.id, Seq: domain.Place(c.e.Seq), Since: c.e.Meta.At,
		Seats: number, Active: true}
	if m != nil {
		first.Manager = m.Reseller
	}
	return seats.Insert(c.rows, first)
}

func (c change) openSeats(s subscription) (*step, error) {
	return seatsOpen.One(c.ctx, c.rows, &step{Provider: s.ProviderTenantID, Customer: s.CustomerTenantID, ID: s.id})
}

func (c change) endSeats(s subscription) error {
	last, err := c.openSeats(s)
	if err != nil || last == nil {
		return err
	}
	last.Until = c.now()
	seats.Change(c.rows, last)
	return nil
}

func (c change) seats(s subscription, number int) error {
	last, err := c.openSeats(s)
	if err != nil || last == nil {
		return err
	}
	return c.follow(last, func(next *step) { next.Seats = number })
}

// follow ends a step and adds one that is the same but for what is changed in it.
func (c change) follow(last *step, alter func(*step)) error {
	next := *last
	next.Seq, next.Since = domain.Place(c.e.Seq), c.e.Meta.At
	alter(&next)
	last.Until = c.now()
	seats.Change(c.rows, last)
	return seats.Insert(c.rows, &next)
}

// stands notes who has to do with the seats from now on, if that is new. A step that began in this very instant, or,
// by a clock ahead, after it, is changed as it stands: a purchase and who is put on record with it are one row.
func (c change) stands(last *step, alter func(*step)) error {
	next := *last
	alter(&next)
	switch {
	case next == *last:
		return nil
	case last.Since >= c.e.Meta.At:
		*last = next
		seats.Change(c.rows, last)
		return nil
	default:
		return c.follow(last, alter)
	}
}

func (c change) activate(s subscription, active bool) error {
	last, err := c.openSeats(s)
	if err != nil || last == nil {
		return err
	}
	return c.stands(last, func(next *step) { next.Active = active })
}

// onRecord notes the reseller of record, empty where there is none.
func (c change) onRecord(s subscription, reseller domain.TenantID) error {
	last, err := c.openSeats(s)
	if err != nil || last == nil {
		return err
	}
	return c.stands(last, func(next *step) { next.Reseller = reseller })
}

// manage notes which reseller is associated with the customer from now on, empty where none is.
func (c change) manage(k customer.Key, reseller domain.TenantID) error {
	m, err := managers.Get(c.ctx, c.rows, &managed{Provider: k.ProviderTenantID, Customer: k.CustomerTenantID})
	switch {
	case err != nil:
		return err
	case m == nil:
		err = managers.Insert(c.rows, &managed{Provider: k.ProviderTenantID, Customer: k.CustomerTenantID, Reseller: reseller})
	default:
		m.Reseller = reseller
		managers.Change(c.rows, m)
	}
	if err != nil {
		return err
	}
	open, err := customerSeats.Find(c.ctx, c.rows, &step{Provider: k.ProviderTenantID, Customer: k.CustomerTenantID})
	if err != nil {
		return err
	}
	for _, last := range open {
		if err := c.stands(last, func(next *step) { next.Manager = reseller }); err != nil {
			return err
		}
	}
	return nil
}

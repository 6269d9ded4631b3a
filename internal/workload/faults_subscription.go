package workload

import "github.com/partnerledger/partnerledger/domain"

// quantity is the fault of changing an active subscription's quantity in this way.
func (g *generator) quantity(s *subscription, w changeQuantity, code domain.Code) *fault {
	w.contract = s.contract()
	return &fault{g.clerk(s.customer.provider), w, code}
}

func staleQuantity(g *generator, _ *customer, s *subscription) *fault {
	if s == nil || !s.active() {
		return nil
	}
	return g.quantity(s, changeQuantity{quantity: s.quantity, expected: s.quantity + g.numberBetween(1, 4)}, domain.StaleVersion)
}

func quantityOutOfRange(g *generator, _ *customer, s *subscription) *fault {
	if s == nil || !s.active() {
		return nil
	}
	quantity := 0
	if s.offer.limit > 0 && g.likely(0.5) {
		quantity = s.offer.limit + g.numberBetween(1, 50)
	}
	return g.quantity(s, changeQuantity{quantity: quantity}, domain.QuantityOutOfRange)
}

func lateReduction(g *generator, _ *customer, s *subscription) *fault {
	if s == nil || !s.active() || s.floor(g.now) <= 1 {
		return nil
	}
	return g.quantity(s, changeQuantity{quantity: s.floor(g.now) - 1}, domain.ReductionWindowPassed)
}

func forbiddenPortal(g *generator, _ *customer, s *subscription) *fault {
	if s == nil || !s.active() {
		return nil
	}
	return g.quantity(s, changeQuantity{quantity: s.quantity, channel: azurePortal}, domain.ChannelNotAllowed)
}

func suspendedSubscription(g *generator, _ *customer, _ *subscription) *fault {
	s, ok := g.memory.suspended.any(g.chance)
	if !ok || s.ended || !s.suspended {
		return nil
	}
	return g.quantity(s, changeQuantity{quantity: s.quantity}, domain.SubscriptionSuspended)
}

func wrongStatus(g *generator, c *customer, s *subscription) *fault {
	if s == nil {
		return nil
	}
	verb := reactivate
	if s.suspended {
		verb = suspend
	}
	return &fault{g.clerk(c.provider), turn{verb, s.contract(), ""}, domain.StatusChangeNotAllowed}
}

func lateCancellation(g *generator, c *customer, s *subscription) *fault {
	if s == nil || !s.offer.modern || s.windowOpen(g.now) {
		return nil
	}
	return &fault{g.clerk(c.provider), turn{cancel, s.contract(), ""}, domain.CancellationWindowPassed}
}

func endedSubscription(g *generator, _ *customer, _ *subscription) *fault {
	s, ok := g.memory.ended.any(g.chance)
	if !ok {
		return nil
	}
	if g.likely(0.5) {
		return &fault{g.clerk(s.customer.provider), turn{renew, s.contract(), ""}, domain.SubscriptionEnded}
	}
	return g.quantity(s, changeQuantity{quantity: 5}, domain.SubscriptionEnded)
}

func downgrade(g *generator, c *customer, s *subscription) *fault {
	if s == nil || !s.active() {
		return nil
	}
	lower := s.offer.related(false)
	if len(lower) == 0 {
		return nil
	}
	return &fault{g.clerk(c.provider), upgrade{contract: s.contract(), to: lower[0]}, domain.DowngradeNotSupported}
}

func subscriptionTwice(g *generator, c *customer, s *subscription) *fault {
	if s == nil {
		return nil
	}
	line := g.strayLine()
	line.subscription = s.id
	return &fault{g.clerk(c.provider), placeOrder{c.account(), g.strayID("order").String(), []orderLine{line}, ""}, domain.SubscriptionIDInUse}
}

func orderTwice(g *generator, _ *customer, _ *subscription) *fault {
	o, ok := g.memory.orders.any(g.chance)
	if !ok {
		return nil
	}
	return &fault{g.clerk(o.customer.provider), placeOrder{o.customer.account(), o.order, []orderLine{g.strayLine()}, ""}, domain.OrderIDInUse}
}

package workload

import "github.com/partnerledger/partnerledger/domain"

// sold is a customer of a scene, with what it bought.
type sold struct {
	account   account
	form      *addCustomer
	contracts []contract
}

// sale is one line of an order; mpn is empty for no reseller of record.
type sale struct {
	offer    *offer
	quantity int
	mpn      domain.MPNID
}

// form is the wizard filled in for a customer nobody has yet; r is nil for a direct one.
func (x *scene) form(r *reseller, country string, sales ...sale) *addCustomer {
	x.g.count.scenes++
	w := x.g.newCustomerForm(x.p, x.newID("customer"), sceneCompanies+x.g.count.scenes, country)
	w.agreed.date = domain.DateOf(x.upcoming())
	w.order = x.newID("order").String()
	if r != nil {
		w.reseller = r.tenant
	}
	for _, s := range sales {
		w.lines = append(w.lines, x.line(s))
	}
	return w
}

func (x *scene) line(s sale) orderLine {
	return orderLine{x.newID("subscription"), s.offer, s.quantity, term{"P1Y", "annual"}, s.mpn}
}

func (x *scene) add(w *addCustomer, refused domain.Code) sold {
	x.do(x.agent(), w, refused)
	c := sold{account: account{w.provider, w.customer}, form: w}
	for _, l := range w.lines {
		c.contracts = append(c.contracts, contract{c.account, l.subscription})
	}
	return c
}

// customer adds one in Germany.
func (x *scene) customer(r *reseller, refused domain.Code, sales ...sale) sold {
	return x.add(x.form(r, "DE", sales...), refused)
}

func (x *scene) order(c account, refused domain.Code, lines ...orderLine) {
	x.do(x.agent(), placeOrder{c, x.newID("order").String(), lines, ""}, refused)
}

func (x *scene) assign(c contract, mpn domain.MPNID, refused domain.Code) {
	x.do(x.agent(), assignReseller{c, mpn}, refused)
}

func (x *scene) correct(c contract, mpn domain.MPNID, effective domain.Instant, refused domain.Code) {
	x.do(x.agent(), correctReseller{contract: c, mpn: mpn, effective: effective, reason: "the order form named another reseller"}, refused)
}

func (x *scene) quantity(c contract, quantity int, refused domain.Code) {
	x.do(x.user(domain.SalesAgent), changeQuantity{contract: c, quantity: quantity}, refused)
}

func (x *scene) turn(verb string, c contract, refused domain.Code) {
	x.do(x.agent(), turn{verb, c, ""}, refused)
}

func (x *scene) support(c contract, r *reseller, refused domain.Code) {
	x.do(x.user(domain.HelpdeskAgent), assignSupport{c, r.tenant, r.location, r.name}, refused)
}

func (x *scene) associate(c account, r *reseller, refused domain.Code) {
	x.do(x.agent(), association{c, r.tenant, false}, refused)
}

func (x *scene) upgrade(w upgrade, refused domain.Code) { x.do(x.agent(), w, refused) }

func (x *scene) grant(w grantPrivileges, refused domain.Code) { x.do(x.agent(), w, refused) }

func (x *scene) revoke(c account, grantee id, privilege string, refused domain.Code) {
	x.do(x.agent(), revokePrivileges{c, grantee, privilege, ""}, refused)
}

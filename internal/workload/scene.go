package workload

import "github.com/partnerledger/partnerledger/domain"

// scene is a scripted sequence of commands with partners and customers of its own. Time moves on a minute
// from one command to the next unless the script says otherwise. What each command leads to is written
// beside it: a code, or accept.
type scene struct {
	g       *generator
	p       *provider
	at      domain.Instant
	next    domain.Instant
	command id
}

// accept is the code of a command that isn't refused.
const accept domain.Code = ""

// playScenes puts all scenes into the agenda, two weeks apart, the last fits into the third year.
func (g *generator) playScenes() {
	day := domain.Instant(95)
	for _, play := range []func(*scene){invitations, twoRequests, enrolment, expiry, removal, wrongIDs, standings, instants, deletedLocation,
		upgrades, reductionWindow, quantities, corrections, lateCorrections, retries, atomicity, wizard, privileges, personalData, lifeCycle,
		leapDay, twoProviders, facts} {
		start := begin + domain.Day*(day+g.between(0, 10)) + 9*domain.Hour + domain.Second*g.between(0, 3600)
		play(&scene{g: g, p: g.providers[0], at: start})
		day += 12
	}
}

// line is a command of a scene, waiting for its time.
type line struct {
	command id
	by      actor
	wish    wish
	refused domain.Code
}

func (l line) happen(g *generator) {
	if l.command.none() {
		g.send(l.by, l.wish, l.refused)
		return
	}
	g.sendAs(l.command, l.by, l.wish, l.refused)
}

// in lets this much time pass before the next command.
func (x *scene) in(span domain.Instant) *scene { x.next = x.at + span; return x }

// when gives the next command its moment.
func (x *scene) when(at domain.Instant) *scene { x.next = at; return x }

// as gives the next command its id.
func (x *scene) as(command id) *scene { x.command = command; return x }

// upcoming is the moment of the next command.
func (x *scene) upcoming() domain.Instant {
	if x.next == 0 {
		return x.at + domain.Minute
	}
	return x.next
}

func (x *scene) do(by actor, w wish, refused domain.Code) {
	x.at, x.next = x.upcoming(), 0
	x.g.later(x.at, line{x.command, by, w, refused})
	x.command = id{}
}

// newID is an id of this kind that nothing else has.
func (x *scene) newID(kind string) id {
	x.g.count.scenes++
	return x.g.seed.id("scene "+kind, x.g.count.scenes)
}

// user is somebody of the provider; agent is who does the daily business.
func (x *scene) user(role domain.Role) actor { return actor{x.p.users[role][0], x.p.tenant, role} }
func (x *scene) agent() actor                { return x.user(domain.AdminAgent) }

// partner is a reseller of which the ledger hasn't heard yet.
func (x *scene) partner(name, country string) *reseller {
	r := &reseller{tenant: x.newID("reseller"), name: name, slug: latin(name), country: country, location: x.g.newMPN(), global: x.g.newMPN()}
	r.email = "partner@" + r.slug + ".example"
	return r
}

// reseller is one that is enrolled, located and signed.
func (x *scene) reseller(name, country string) *reseller {
	r := x.partner(name, country)
	x.settle(r, region)
	return r
}

func (x *scene) settle(r *reseller, region string) {
	x.enrol(r, region, accept)
	x.locate(r, r.location, accept)
	x.sign(r, region, accept)
}

// active is a reseller with a partnership.
func (x *scene) active(name, country string) *reseller {
	r := x.reseller(name, country)
	x.connect(r)
	return r
}

func (x *scene) enrol(r *reseller, region string, refused domain.Code) {
	x.do(feed(), enrollReseller{r.tenant, r.name, r.country, region, r.global}, refused)
}

func (x *scene) locate(r *reseller, mpn domain.MPNID, refused domain.Code) {
	x.do(feed(), registerLocation{r.tenant, mpn, r.name, r.country}, refused)
}

func (x *scene) sign(r *reseller, region string, refused domain.Code) {
	x.do(feed(), signAgreement{r.tenant, region, x.at}, refused)
}

func (x *scene) fact(name string, r *reseller, refused domain.Code) {
	x.do(feed(), standing{name, r.tenant, ""}, refused)
}

// asking is a request to the reseller as it ought to be.
func (x *scene) asking(r *reseller) requestPartnership {
	return requestPartnership{x.newID("request"), x.p.tenant, r.email, x.message(x.p.link), "copyToClipboard"}
}

func (x *scene) message(link string) string {
	return "Dear partner,\nplease follow " + link + "\n" + x.p.name
}

func (x *scene) ask(w requestPartnership, refused domain.Code) {
	x.do(x.user(domain.SalesAgent), w, refused)
}

func (x *scene) request(r *reseller) id {
	w := x.asking(r)
	x.ask(w, accept)
	return w.request
}

// answering is an acceptance as it ought to be.
func (x *scene) answering(r *reseller, request id) acceptPartnership {
	return acceptPartnership{request: request, provider: x.p.tenant, reseller: r.tenant, mpn: r.location}
}

func (x *scene) accept(r *reseller, request id, refused domain.Code) {
	x.do(r.user(domain.GlobalAdmin), x.answering(r, request), refused)
}

func (x *scene) connect(r *reseller) { x.accept(r, x.request(r), accept) }

func (x *scene) removing(r *reseller) removePartnership {
	return removePartnership{provider: x.p.tenant, reseller: r.tenant, version: representation, reason: "ended by agreement"}
}

func (x *scene) remove(r *reseller, refused domain.Code) { x.do(x.agent(), x.removing(r), refused) }

package workload

import "github.com/partnerledger/partnerledger/domain"

// wish is a command as it goes over the wire: its name, and its data in the order of the vocabulary.
type wish interface {
	kind() string
	put(f fields) fields
}

// actor is who issues a command.
type actor struct {
	name   string
	tenant id
	role   domain.Role
}

// envelope is a command with all that is around it.
type envelope struct {
	id      id
	at      domain.Instant
	by      actor
	wish    wish
	refused domain.Code
}

func (e envelope) append(b []byte) []byte {
	f := append(fields(b), '{').id("commandId", e.id).text("type", e.wish.kind()).moment("at", e.at)
	f = f.open("actor").text("userPrincipalName", e.by.name).id("tenantId", e.by.tenant).text("role", string(e.by.role)).close()
	f = e.wish.put(f.open("data")).close()
	if e.refused != "" {
		f = f.open("expect").text("refused", string(e.refused)).close()
	}
	return append(f.close(), '\n')
}

// feed is who brings the vendor's facts.
func feed() actor {
	return actor{"feed@reference.example", id{6: 0x40, 8: 0x80}, domain.ReferenceFeed}
}

type registerProvider struct{ p *provider }

func (registerProvider) kind() string { return "RegisterProvider" }
func (w registerProvider) put(f fields) fields {
	p := w.p
	f = f.id("providerTenantId", p.tenant).text("name", p.name).text("country", p.country).text("region", p.region).
		mpn("mpnId", p.mpn).maybe("globalMpnId", string(p.global)).text("partnershipLink", p.link)
	return f.open("profile").text("emailDomain", p.domain).text("website", "https://www."+p.domain).
		text("addressLine1", "Harbour 1").text("city", p.city).text("postalCode", "20095").close()
}

type enrollReseller struct {
	reseller              id
	name, country, region string
	global                domain.MPNID
}

func (enrollReseller) kind() string { return "EnrollReseller" }
func (w enrollReseller) put(f fields) fields {
	return f.id("resellerTenantId", w.reseller).text("name", w.name).text("country", w.country).
		text("region", w.region).maybe("globalMpnId", string(w.global))
}

type registerLocation struct {
	reseller      id
	mpn           domain.MPNID
	name, country string
}

func (registerLocation) kind() string { return "RegisterPartnerLocation" }
func (w registerLocation) put(f fields) fields {
	return f.id("resellerTenantId", w.reseller).mpn("mpnId", w.mpn).text("name", w.name).text("country", w.country)
}

type deleteLocation struct{ mpn domain.MPNID }

func (deleteLocation) kind() string          { return "DeletePartnerLocation" }
func (w deleteLocation) put(f fields) fields { return f.mpn("mpnId", w.mpn) }

type signAgreement struct {
	reseller id
	region   string
	signedAt domain.Instant
}

func (signAgreement) kind() string { return "SignPartnerAgreement" }
func (w signAgreement) put(f fields) fields {
	return f.id("resellerTenantId", w.reseller).text("region", w.region).moment("signedAt", w.signedAt)
}

// standing is one of the three facts about a reseller's account.
type standing struct {
	fact     string
	reseller id
	reason   string
}

// The facts about a reseller's account.
const (
	suspendReseller     = "SuspendReseller"
	reinstateReseller   = "ReinstateReseller"
	deauthorizeReseller = "DeauthorizeReseller"
)

func (w standing) kind() string { return w.fact }
func (w standing) put(f fields) fields {
	return f.id("resellerTenantId", w.reseller).maybe("reason", w.reason)
}

package workload

import "github.com/partnerledger/partnerledger/domain"

// representation is the only known version of what a provider represents when it removes a partnership.
const representation = "2021-03-23"

type requestPartnership struct {
	request, provider        id
	email, message, delivery string
}

func (requestPartnership) kind() string { return "RequestPartnership" }
func (w requestPartnership) put(f fields) fields {
	return f.id("requestId", w.request).id("providerTenantId", w.provider).text("resellerEmail", w.email).
		text("message", w.message).maybe("delivery", w.delivery)
}

type acceptPartnership struct {
	request, provider, reseller id
	mpn                         domain.MPNID
	unticked                    bool
}

func (acceptPartnership) kind() string { return "AcceptPartnership" }
func (w acceptPartnership) put(f fields) fields {
	return f.id("requestId", w.request).id("providerTenantId", w.provider).id("resellerTenantId", w.reseller).
		mpn("mpnId", w.mpn).flag("authorized", !w.unticked)
}

type declinePartnership struct {
	request, provider, reseller id
	reason                      string
}

func (declinePartnership) kind() string { return "DeclinePartnership" }
func (w declinePartnership) put(f fields) fields {
	return f.id("requestId", w.request).id("providerTenantId", w.provider).id("resellerTenantId", w.reseller).maybe("reason", w.reason)
}

type withdrawRequest struct {
	request, provider id
	reason            string
}

func (withdrawRequest) kind() string { return "WithdrawPartnershipRequest" }
func (w withdrawRequest) put(f fields) fields {
	return f.id("requestId", w.request).id("providerTenantId", w.provider).maybe("reason", w.reason)
}

type removePartnership struct {
	provider, reseller id
	unconfirmed        bool
	version, reason    string
}

func (removePartnership) kind() string { return "RemovePartnership" }
func (w removePartnership) put(f fields) fields {
	return f.id("providerTenantId", w.provider).id("resellerTenantId", w.reseller).flag("confirmed", !w.unconfirmed).
		text("representationVersion", w.version).maybe("reason", w.reason)
}

type recordNotice struct {
	provider, reseller, customer id
	method                       string
	sentAt                       domain.Instant
	documentHash                 string
}

func (recordNotice) kind() string { return "RecordTerminationNotice" }
func (w recordNotice) put(f fields) fields {
	party := "reseller"
	if !w.customer.none() {
		party = "customer"
	}
	return f.id("providerTenantId", w.provider).id("resellerTenantId", w.reseller).text("party", party).
		maybeID("customerTenantId", w.customer).text("method", w.method).moment("sentAt", w.sentAt).maybe("documentHash", w.documentHash)
}

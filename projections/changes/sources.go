package changes

// The parts of names, as most tables call them.
const (
	provider     = "t.provider_tenant_id"
	reseller     = "t.reseller_tenant_id"
	customer     = "t.customer_tenant_id"
	subscription = "t.subscription_id"
)

// lasting is when an interval holds whose knowledge never changes.
const lasting = "(t.since <= {facts} AND (t.until IS NULL OR t.until > {facts}))"

var lasts = []edge{{"t.since", "facts"}, {"t.until", "facts"}}

// The names for people.
const (
	resellerName = "(SELECT n.name FROM resellers n WHERE n.reseller_tenant_id = t.reseller_tenant_id)"
	companyName  = "(SELECT n.company FROM customers n WHERE n.provider_tenant_id = t.provider_tenant_id AND n.customer_tenant_id = t.customer_tenant_id)"
)

// partnersOf are the resellers that ever were a provider's partners.
const partnersOf = "t.reseller_tenant_id IN (SELECT p.reseller_tenant_id FROM partnerships p WHERE p.provider_tenant_id = {provider})"

// managing are the associations with a reseller at either point. Partnerships lead to them by an index.
const managing = `(SELECT DISTINCT p.provider_tenant_id, p.reseller_tenant_id FROM partnerships p WHERE p.reseller_tenant_id = {reseller}) p
    JOIN customer_resellers a ON a.provider_tenant_id = p.provider_tenant_id AND a.reseller_tenant_id = p.reseller_tenant_id
      AND (a.since <= {factsA} AND (a.until IS NULL OR a.until > {factsA}) OR a.since <= {factsB} AND (a.until IS NULL OR a.until > {factsB}))`

// managed are the customers of those.
const managed = `(t.provider_tenant_id, t.customer_tenant_id) IN (
    SELECT a.provider_tenant_id, a.customer_tenant_id FROM ` + managing + ")"

// ofCustomer finds the providers of a customer asked for by its own id alone.
const ofCustomer = `t.customer_tenant_id = {customer} AND (t.provider_tenant_id, t.customer_tenant_id) IN (
    SELECT k.provider_tenant_id, k.customer_tenant_id FROM customers k WHERE k.customer_tenant_id = {customer})`

func is(column, name string) string { return column + " = {" + name + "}" }

// sources are all there are.
var sources = []source{
	{entity: "partnership", table: "partnerships", provider: provider, reseller: reseller, order: []string{provider, reseller},
		held: lasting, edges: lasts, began: "t.seq", gone: removed, name: "t.name",
		fields: []field{{name: "state", expression: "'active'"}, {name: "mpnId", expression: "t.mpn_id"}, {name: "location", expression: "t.country"}},
		about:  map[string]string{"provider": is(provider, "provider"), "reseller": is(reseller, "reseller")}},

	{entity: "reseller", table: "resellers", reseller: reseller, order: []string{reseller},
		held: "t.enrolled_at <= {facts}", began: "t.seq", moved: accountMoved, name: "t.name",
		fields: []field{{name: "accountState", expression: accountState, moves: true}},
		about:  map[string]string{"provider": partnersOf, "reseller": is(reseller, "reseller")}},

	{entity: "agreement", table: "partner_agreements", reseller: reseller, item: "t.region", order: []string{reseller, "t.region"},
		held: "t.since <= {facts}", edges: lasts[:1], began: "t.seq", name: resellerName,
		fields: []field{{name: "state", expression: "'signed'"}},
		about:  map[string]string{"provider": partnersOf, "reseller": is(reseller, "reseller")}},

	{entity: "location", table: "partner_locations", reseller: "MAX(" + reseller + ")", item: "t.mpn_id", order: []string{"t.mpn_id"},
		held:  "(t.registered_at <= {facts} AND (t.deleted_at IS NULL OR t.deleted_at > {facts}))",
		edges: []edge{{"t.registered_at", "facts"}, {"t.deleted_at", "facts"}}, began: "t.seq", gone: "t.deleted_seq", name: "t.name",
		fields: []field{{name: "state", expression: "'registered'"}},
		about:  map[string]string{"provider": partnersOf, "reseller": is(reseller, "reseller")}},

	{entity: "request", table: "partnership_requests", provider: "MAX(" + provider + ")", item: "t.request_id", order: []string{"t.request_id"},
		held: "t.requested_at <= {facts}", edges: []edge{{"t.requested_at", "facts"}, {"t.closed_at", "facts"}, {"t.expires_at", "instant"}},
		began: "t.seq", moved: "CASE WHEN t.closed_at <= {facts} THEN t.closed_seq END", name: "CAST(NULL AS TEXT)",
		fields: []field{{name: "state", moves: true,
			expression: "CASE WHEN t.closed_at <= {facts} THEN t.closed_how WHEN t.expires_at <= {instant} THEN 'expired' ELSE 'open' END"}},
		about: map[string]string{"provider": is(provider, "provider"), "reseller": is(reseller, "reseller")}},

	{entity: "customer", table: "customers", provider: provider, customer: customer, order: []string{provider, customer},
		held: "t.added_at <= {facts}", edges: []edge{{"t.added_at", "facts"}}, began: "t.seq", name: "t.company",
		fields: []field{{name: "company", expression: "t.company"}, {name: "domain", expression: "t.domain"}, {name: "country", expression: "t.country"}},
		about:  map[string]string{"provider": is(provider, "provider"), "reseller": managed, "customer": ofCustomer}},

	{entity: "association", table: "customer_resellers", provider: provider, customer: customer, order: []string{provider, customer},
		held: lasting, edges: lasts, began: "t.seq", gone: dissociated, name: companyName,
		fields: []field{{name: "resellerTenantId", expression: reseller}},
		about:  map[string]string{"provider": is(provider, "provider"), "reseller": managed, "customer": ofCustomer}},

	{entity: "contact", table: "customer_forgettings", provider: provider, customer: customer, item: "t.seq", order: []string{provider, customer, "t.seq"},
		held: "t.forgotten_at <= {facts}", edges: []edge{{"t.forgotten_at", "facts"}}, began: "t.seq", name: companyName,
		fields: []field{{name: "forgottenAt", expression: "t.forgotten_at", instant: true}},
		about:  map[string]string{"provider": is(provider, "provider"), "reseller": managed, "customer": ofCustomer}},

	{entity: "privilege", table: "customer_privileges", provider: provider, customer: customer, reseller: "t.grantee_tenant_id", item: "t.kind",
		order: []string{provider, customer, "t.grantee_tenant_id", "t.kind"},
		held:  "(t.since <= {facts} AND (t.revoked_at IS NULL OR t.revoked_at > {facts}) AND (t.expires_at IS NULL OR t.expires_at > {instant}))",
		edges: []edge{{"t.since", "facts"}, {"t.revoked_at", "facts"}, {"t.expires_at", "instant"}},
		began: "t.seq", gone: revoked, name: companyName,
		fields: []field{{name: "state", expression: "'granted'"}, {name: "roles", expression: "t.roles"}, {name: "expiresAt", expression: "t.expires_at", instant: true}},
		about:  map[string]string{"provider": is(provider, "provider"), "reseller": is("t.grantee_tenant_id", "reseller"), "customer": ofCustomer}},

	{entity: "subscription", table: "subscription_steps", provider: provider, customer: customer, subscription: subscription,
		order: []string{provider, customer, subscription}, held: lasting, edges: lasts, began: "t.seq", name: companyName,
		versions: ofOne + " AND t.seq >= {first} AND t.seq <= {last}", inOrder: "t.seq",
		fields: []field{{name: "status", expression: "t.status"}, {name: "quantity", expression: "t.quantity"}, {name: "offerId", expression: "t.offer_id"},
			{name: "offerName", expression: "t.offer_name"}, {name: "termDuration", expression: "t.term_duration"}, {name: "billingCycle", expression: "t.billing_cycle"}},
		about: ofSubscription},

	{entity: "supportContact", table: "support_contacts", provider: provider, customer: customer, subscription: subscription,
		order: []string{provider, customer, subscription}, held: lasting, edges: lasts, began: "t.seq", name: companyName,
		fields: []field{{name: "supportTenantId", expression: "t.support_tenant_id"}, {name: "supportMpnId", expression: "t.support_mpn_id"}, {name: "name", expression: "t.name"}},
		about:  ofSubscription},

	resellerOfRecord,
	creditInterval,
}

// removed, dissociated and revoked are the events that ended the last of what there was up to the second point:
// there may have been more between the two.
const (
	removed = `(SELECT MAX(x.until_seq) FROM partnerships x
    WHERE x.provider_tenant_id = t.provider_tenant_id AND x.reseller_tenant_id = t.reseller_tenant_id AND x.until <= {factsB})`
	dissociated = `(SELECT MAX(x.until_seq) FROM customer_resellers x
    WHERE x.provider_tenant_id = t.provider_tenant_id AND x.customer_tenant_id = t.customer_tenant_id AND x.until <= {factsB})`
	revoked = `(SELECT CASE WHEN x.revoked_at <= {factsB} THEN x.revoked_seq END FROM customer_privileges x
    WHERE x.provider_tenant_id = t.provider_tenant_id AND x.customer_tenant_id = t.customer_tenant_id AND x.grantee_tenant_id = t.grantee_tenant_id
      AND x.kind = t.kind AND x.since <= {factsB} ORDER BY x.seq DESC LIMIT 1)`
)

// accountState is a reseller's, as its line in the reseller list says it.
const accountState = `CASE WHEN t.deauthorized_at <= {facts} THEN 'deauthorized'
    WHEN EXISTS (SELECT 1 FROM reseller_suspensions x WHERE x.reseller_tenant_id = t.reseller_tenant_id
      AND x.since <= {facts} AND (x.until IS NULL OR x.until > {facts})) THEN 'suspended' ELSE 'active' END`

const accountMoved = `CASE WHEN t.deauthorized_at <= {facts} THEN t.deauthorized_seq
    ELSE (SELECT MAX(CASE WHEN x.until <= {facts} THEN x.until_seq ELSE x.seq END) FROM reseller_suspensions x
      WHERE x.reseller_tenant_id = t.reseller_tenant_id AND x.since <= {facts}) END`

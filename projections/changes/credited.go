package changes

import "strings"

// on makes a text about the row ~ one about the row of this alias.
func on(alias, text string) string { return strings.ReplaceAll(text, "~", alias) }

// believed is when a row of credit counted as known.
const believed = "~.known_since <= {known} AND (~.known_until IS NULL OR ~.known_until > {known})"

// factsOf are the facts of the subscription that an interval is about.
const factsOf = `FROM credit_facts f
    WHERE f.provider_tenant_id = ~.provider_tenant_id AND f.customer_tenant_id = ~.customer_tenant_id AND f.subscription_id = ~.subscription_id`

// corrected is the correction that was recorded at a time, if one was: what became known then is its doing.
func corrected(at string) string {
	return on("t", "(SELECT MIN(f.seq) "+factsOf+" AND f.source = 'correction' AND f.recorded_at = ") + at + ")"
}

// opened is the event that put the id on record.
const opened = "(SELECT f.seq " + factsOf + " AND f.event_id = ~.opened_by)"

// closed is the event that closed an interval: a fact of the subscription, or what a partner lost.
const closed = `CASE ~.closed_how
    WHEN 'location-deleted' THEN (SELECT l.deleted_seq FROM credit_locations l WHERE l.mpn_id = ~.mpn_id)
    WHEN 'reseller-deauthorized' THEN (SELECT d.deauthorized_seq FROM credit_deauthorized d WHERE d.reseller_tenant_id = ~.reseller_tenant_id)
    WHEN 'partnership-removed' THEN (SELECT p.until_seq FROM credit_partnerships p WHERE p.provider_tenant_id = ~.provider_tenant_id
      AND p.reseller_tenant_id = ~.reseller_tenant_id AND p.removed_by = ~.closed_by)
    ELSE (SELECT f.seq ` + factsOf + ` AND f.event_id = ~.closed_by) END`

// emptied is the event that closed the interval before a gap.
var emptied = "(SELECT MAX(" + on("g", closed) + `)
    FROM credit_intervals g
    WHERE g.provider_tenant_id = t.provider_tenant_id AND g.customer_tenant_id = t.customer_tenant_id AND g.subscription_id = t.subscription_id
      AND g.policy = t.policy AND g.until = t.since AND g.mpn_id IS NOT NULL AND ` + on("g", believed) + ")"

// recorded are the subscriptions on which a reseller was on record at either point.
var recorded = `SELECT i.provider_tenant_id, i.customer_tenant_id, i.subscription_id
    FROM (SELECT DISTINCT p.provider_tenant_id, p.reseller_tenant_id FROM partnerships p WHERE p.reseller_tenant_id = {reseller}) p
    JOIN credit_intervals i ON i.provider_tenant_id = p.provider_tenant_id AND i.reseller_tenant_id = p.reseller_tenant_id AND i.policy = {policy}
    WHERE ` + at("A", heldAs("i")) + " OR " + at("B", heldAs("i"))

const among = "(t.provider_tenant_id, t.customer_tenant_id, t.subscription_id) IN (\n    "

var onRecordOf = among + recorded + ")"

// concerned are those, and the subscriptions of the customers that it managed.
var concerned = among + recorded + `
    UNION SELECT k.provider_tenant_id, k.customer_tenant_id, k.subscription_id FROM ` + managing + `
    JOIN subscriptions k ON k.provider_tenant_id = a.provider_tenant_id AND k.customer_tenant_id = a.customer_tenant_id)`

// heldAs is when an interval of credit is the one of the instant.
func heldAs(alias string) string {
	return on(alias, "(~.since <= {facts} AND (~.until IS NULL OR ~.until > {facts}) AND "+believed+")")
}

// ofSubscription are the conditions on rows about a subscription. A reseller has to do with it that manages
// the customer or is on record.
var ofSubscription = map[string]string{"provider": is(provider, "provider"), "customer": ofCustomer,
	"subscription": bySubscription, "reseller": concerned}

// bySubscription finds the customer of a subscription asked for by its id alone.
const bySubscription = `t.subscription_id = {subscription} AND (t.provider_tenant_id, t.customer_tenant_id) IN (
    SELECT k.provider_tenant_id, k.customer_tenant_id FROM subscriptions k WHERE k.subscription_id = {subscription})`

// replaced is when the interval of this beginning was believed last.
const replaced = `(SELECT MAX(x.known_until) FROM credit_intervals x
    WHERE x.provider_tenant_id = t.provider_tenant_id AND x.customer_tenant_id = t.customer_tenant_id AND x.subscription_id = t.subscription_id
      AND x.policy = t.policy AND x.since = t.since AND x.mpn_id IS NOT NULL AND x.known_until <= {knownB})`

var turns = []edge{{"t.since", "facts"}, {"t.until", "facts"}, {"t.known_since", "known"}, {"t.known_until", "known"}}

// resellerOfRecord is who is on record at the instant; there is a row for each moment of a subscription, also
// where nobody is.
var resellerOfRecord = source{entity: "resellerOfRecord", table: "credit_intervals", provider: provider, customer: customer, subscription: subscription,
	order: []string{provider, customer, subscription}, held: heldAs("t"), edges: turns,
	began:    "COALESCE(" + corrected("t.known_since") + ", CASE WHEN t.mpn_id IS NULL THEN " + emptied + " ELSE " + on("t", opened) + " END)",
	gone:     "(SELECT MAX(f.seq) " + on("t", factsOf) + " AND f.kind = 'end')",
	versions: ofOne + at("B", " AND t.policy = {policy} AND t.known_since <= {known} AND t.since <= {facts} AND (t.until IS NULL OR t.until > {facts})"),
	inOrder:  "t.known_since",
	name:     companyName,
	fields:   []field{{name: "mpnId", expression: "t.mpn_id"}, {name: "resellerTenantId", expression: reseller}},
	about: map[string]string{"provider": is(provider, "provider"), "customer": ofCustomer, "subscription": bySubscription,
		"reseller": onRecordOf, "policy": "t.policy = {policy}"}}

// creditInterval are all intervals that had begun, past ones too: here a correction of the past shows that
// changes nothing of the present.
var creditInterval = source{entity: "creditInterval", table: "credit_intervals", provider: provider, customer: customer, subscription: subscription, item: "t.since",
	order: []string{provider, customer, subscription, "t.since"}, held: on("t", "(t.mpn_id IS NOT NULL AND t.since <= {facts} AND "+believed+")"), edges: turns,
	began: "COALESCE(" + corrected("t.known_since") + ", " + on("t", opened) + ")", gone: corrected(replaced),
	versions: ofOne + at("B", " AND t.policy = {policy} AND t.known_since <= {known} AND t.since = {item} AND t.mpn_id IS NOT NULL"), inOrder: "t.known_since",
	moved: "CASE WHEN t.until <= {facts} THEN " + on("t", closed) + " END", name: companyName,
	fields: []field{{name: "mpnId", expression: "t.mpn_id"}, {name: "resellerTenantId", expression: reseller},
		{name: "to", expression: "CASE WHEN t.until <= {facts} THEN t.until END", moves: true, instant: true}},
	about: map[string]string{"provider": is(provider, "provider"), "customer": ofCustomer, "subscription": bySubscription,
		"policy": "t.policy = {policy}",
		"reseller": `(t.provider_tenant_id, t.customer_tenant_id, t.subscription_id, t.since) IN (
    SELECT i.provider_tenant_id, i.customer_tenant_id, i.subscription_id, i.since
    FROM (SELECT DISTINCT p.provider_tenant_id, p.reseller_tenant_id FROM partnerships p WHERE p.reseller_tenant_id = {reseller}) p
    JOIN credit_intervals i ON i.provider_tenant_id = p.provider_tenant_id AND i.reseller_tenant_id = p.reseller_tenant_id AND i.policy = {policy})`}}

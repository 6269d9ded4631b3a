package httpapi

// routes is the whole API.
func (a *API) routes() {
	a.commands()

	list[resellersInput](a, "/v1/resellers", "Resellers with an active partnership", "The list of R21 and R42: active partnerships only, with what each reseller is on record for.", resellers)
	list[resellersInput](a, "/v1/former-resellers", "Resellers whose partnership was removed", "With who removed them and when, and the customers left behind (R37).", formerResellers)
	list[requestsInput](a, "/v1/requests", "Partnership requests", "Open ones unless a state is asked for.", a.requests)
	list[customersInput](a, "/v1/customers", "Customers", "With the reseller that manages their account; can be filtered by it (R60).", listCustomers)
	list[subscriptionsInput](a, "/v1/subscriptions", "Subscriptions", "With seats, status and reseller of record.", listSubscriptions)
	list[contactsInput](a, "/v1/support-contacts", "Support contacts", "Who supports which subscription (R34).", supportContacts)
	list[privilegesInput](a, "/v1/privileges", "Delegated admin privileges", "Who has admin access to which customer; removing a partnership leaves them unchanged (R38).", privileges)
	list[recordInput](a, "/v1/reseller-of-record", "Resellers of record", "Who was on record on which subscription, from when to when, since when the ledger says so, and what it said before a correction.", resellersOfRecord)
	list[RecordInput](a, "/v1/gaps", "Gaps in the record", "When a subscription ran and nobody was on record.", gaps)
	list[RecordInput](a, "/v1/orphaned-credit", "Credit without a partnership", "Credit that is open although the partnership was removed.", orphaned)
	list[creditInput](a, "/v1/credit", "Incentive credit by month", "Seat-days of whoever was on record, exact to the millisecond.", credited)
	list[creditInput](a, "/v1/uncredited", "Seat-days that nobody earns", "By provider and month.", uncredited)
	list[analyticsInput](a, "/v1/analytics", "Monthly numbers", "Resellers total, new, removed, active, transacting and churned by the vendor's definitions; customers, subscriptions and seats.", monthly)
	list[timelineInput](a, "/v1/timeline", "Timeline", "Every event, refusals too: who, when, what, from which to which value, why, on what basis. CSV begins with the vendor's columns.", a.timeline)
	list[activityInput](a, "/v1/activity", "Activity", "Every command and what became of it, refusals too.", activityEntries)
	list[submissionsInput](a, "/v1/submissions", "Submissions", "Files and streams of commands, and how far they got; the newest first.", a.submissions)

	one[subscriptionPath](a, "/v1/subscriptions/{provider}/{customer}/{subscription}", "One subscription with its history", subscriptionDetail)
	one[customerPath](a, "/v1/customers/{provider}/{customer}", "One customer with its history", customerDetail)
	one[stateInput](a, "/v1/state", "The whole state as one document", a.state)
	a.diff()
	a.replays()
	a.erasures()
	a.statusRoute()
	a.upkeep.routes(a.huma)
}

// Package domain holds the rules of two-tier partner relationships as plain Go: a wish comes in,
// a pure function decides, and what it decides is a list of facts or a refusal.
//
// Nothing in this tree reads a clock, waits, logs or talks to anybody; time and ids come with the
// command. internal/arch proves it by parsing the files.
//
// # Words
//
//	indirect provider   the distributor: buys from the vendor, sells through resellers
//	indirect reseller   the partner in between; known by its tenant and by its MPN IDs
//	MPN ID              a partner id, a string of digits: a location of a reseller (PLA), the
//	                    provider's own, or a global account, which is never on a subscription
//	partnership         the tie of one provider and one reseller; an episode lasts from its
//	                    acceptance to its removal, and there may be several
//	association         the customer's account is managed by this reseller
//	reseller of record  the MPN ID on a subscription; incentive credit follows it
//	support contact     who supports one subscription: the provider, or a reseller
//	privileges          delegated admin rights over a customer (DAP, GDAP, Azure tenant owner)
//	fact, event         something that happened; never changed, never taken back
//	effective time      since when a fact holds; recorded time: when the ledger learned of it
//	place               where a fact stands in the log; of two facts in one instant the one with
//	                    the lower place came first
//
// # Rooms
//
//	provider/     the provider and its read-only profile
//	partnerid/    what an MPN ID is, and whose: unique in the whole ledger
//	reseller/     enrolment, locations, agreements, standing
//	partnership/  the request, once answered; the partnership with all its episodes
//	customer/     the customer with its orders, subscriptions, associations and privileges
//	credit/       who earns for how many seats, from when to when
//	vocabulary/   the closed set of commands and events, and the one entrance to every decision
//	domaintest/   given, when, then; and every command said twice
package domain

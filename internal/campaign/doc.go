// Package campaign shows that nothing is lost, nothing comes twice and nothing comes out of order, whatever breaks.
//
// It holds tests only. A world is a whole ledger in processes of their own: an API, two relays and two projectors, an
// event store, a NATS server and a database, with a proxy in front of each that can cut, delay and swallow. A writer
// says a workload to it over HTTP and says everything again after a fault; a subscriber follows the feed. Round by
// round one fault is done to the world; then everything has to agree: the log, the read models, a clean rebuild of
// them, a ledger in memory that nothing ever happened to, and what the subscriber wrote down.
//
//	go test -run TestCampaign ./internal/campaign                                  each fault once
//	LEDGER_CAMPAIGN=30m go test -count=1 -v -timeout 0 -run TestCampaign ./internal/campaign
//	LEDGER_CAMPAIGN=100 LEDGER_CAMPAIGN_SEED=7 go test …                           100 rounds, always the same ones
//	LEDGER_CAMPAIGN_ONLY=relay-frozen,nats-deleted go test …                       these faults alone
//	LEDGER_CAMPAIGN_LOGS=DIR go test …                                             logs of all processes after damage
//
// The schedule is a function of the seed alone, and the seed is printed. How a fault falls between the steps of the
// processes is up to the machine.
package campaign

// Package readmodels makes read models again, from the log and from nothing else, and holds them against the digests
// that were sealed: the facts ReadModelSealed, which are events like all others and so proven by the proof log.
//
// A seal says what a read model held as of the ledger's first so many events. The same events in the same version give
// the same rows, in every database and in whichever batches; so if a digest differs, either somebody changed the rows
// in the database before they were sealed, or the events aren't those of which they were made, and that second thing
// the proof log shows.
//
//	seals.go   finds the seals in the log
//	check.go   folds the log and compares, seal by seal; stages.go lets the fold stand still at each
//	folder.go  the log as an auditor took it away
//	report.go  what came of it
package readmodels

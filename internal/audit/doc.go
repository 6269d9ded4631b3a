// Package audit keeps the proof log: a Merkle tree over every event of the ledger in the order of the log,
// so that whoever kept one signed checkpoint can tell later on that nothing was altered, taken out or
// added in between.
//
// Leaf n is of the event with seq n, and nothing else decides where it goes: appending is a pure function
// of the tree and the event, doing it again changes nothing, and a log made anew from the same events has
// the same bytes in every file.
//
//	log.go       the files: C2SP tlog-tiles, written durably before anything is signed
//	record.go    what was signed and cosigned, kept for ever
//	notary.go    the role that follows the ledger, appends and signs
//	rollback.go  the ledger held against the tree before each signature
//	witness.go   cosignatures by C2SP witnesses
//	serve.go     all of it over HTTP, read-only; events.go, the stored bytes of events
//	keyring.go   the signing keys, made on purpose and never by accident
//
// Package proof has the written forms, package evidence what an auditor takes away and checks offline.
package audit

// Package evidence is what an auditor takes away from a ledger and checks without it.
//
// There are two kinds. A bundle is a zip of some events with everything that proves them: their stored
// bytes, their leaves, a proof of inclusion each, the signed checkpoint, the proof that the log still begins
// with what the auditor saw the last time, and pages to read. A whole log is a folder with every event and
// every tile. A bundle proves what is in it, and not that nothing was left out: that a whole log does, where
// no number can be missing.
//
//	collect.go  makes a bundle from a ledger over HTTP; export.go, a whole log
//	verify.go   checks a bundle; verifylog.go, a whole log; verdict.go, what they say; seals.go, the read models
//	            that were sealed among the events
//
// Who checks needs the log's verifier key from somewhere else than the bundle, and nothing more. Both kinds
// hold a MANIFEST that sha256sum can check, and every proof is in a public form; see package proof.
package evidence

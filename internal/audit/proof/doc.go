// Package proof holds the written forms of the proof log and the mathematics over them: leaves, tiles,
// signed checkpoints, proofs of inclusion and of consistency, cosignatures of witnesses.
//
// Nothing here reads a file, a clock or the network, so that whoever checks evidence depends on this
// package and on no ledger. All forms but the leaf are public standards, read and written by others too:
// RFC 6962, and of C2SP signed-note, tlog-checkpoint, tlog-tiles, tlog-proof, tlog-cosignature.
//
// Readers are strict: every form has one way to be written, and anything else is refused. So a changed
// byte is noticed even where it wouldn't change the meaning.
package proof

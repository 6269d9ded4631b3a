// Package feed carries the ledger's events from the log to whoever follows them: both ends of one
// JetStream contract.
//
// The log is the truth and the feed a copy that can be made again at any time. JetStream writes lazily to
// disk, so a loss of power takes back messages that it had acknowledged, and then gives their sequence
// numbers to others. Everything here follows from that:
//
//   - JetStream's sequence numbers are never stored. Two numbers of the ledger stand in every message: the
//     log position and the seq; and the position of the message before, so that the messages form a chain.
//   - Relay goes on from the last message that is really in the stream, never from a checkpoint of its own.
//     What was lost is published again. Every publish is fenced, so that two relays can't both write; a lease
//     spares them to try.
//   - Source checks every link of the chain and reads from the log whatever the feed lost, delays or
//     garbles; its reader notices nothing.
//   - The truth itself may go back in time, when somebody restores it from a backup. Then nobody goes on:
//     relay and sources end with eventstore.ErrWentBack rather than mix two histories.
//
// Message is the form that third parties see: CloudEvents 1.0 in binary mode. It is frozen.
package feed

// Package workload makes up the business of two indirect providers over three fiscal years, 2021-07-01 to
// 2024-07-01, and writes it down as commands: one JSON object a line, in order of the time at which they
// are issued, as the command vocabulary spells them.
//
// It knows the rules, but not the ledger's code: what a line leads to is worked out here once more, from
// the written rules alone, so that the two can be held against each other. Every line that isn't marked
// MUST be accepted. Every line marked {"expect":{"refused":"<code>"}} has one fault and MUST be refused
// with that code. One line in a thousand is sent twice, byte for byte, as a client does that got no answer.
//
// # How it works
//
// Resellers, partnerships, customers and subscriptions are simulated; each thing that is to happen lies
// in an agenda until its time has come, does what it does, and puts what follows from it into the agenda.
// A thing that has become impossible meanwhile (the reseller was suspended, the subscription has ended)
// doesn't happen, as in life. Memory grows with customers and subscriptions, not with commands.
//
// The same seed, size and edge cases give the same bytes, on machines of one architecture: the shapes
// come from floating-point distributions, which some processors round differently in the last bit.
//
// # Where to find what
//
//	options.go, generate.go      what is asked for, and the loop
//	agenda.go, calendar.go       the order of time; office hours, month starts, the fiscal year
//	chance.go, names.go, ids.go  dice, companies and people, ids by hashing
//	wire*.go, write.go           the commands as they are written
//	market.go                    who is there on the first day
//	resellers.go … record.go     what happens, by business scene
//	faults*.go                   what must be refused, one fault each
//	scene*.go                    scripted edge cases
package workload

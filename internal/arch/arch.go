// Package arch holds the module's own rules as tests: who may import whom and why not, no clock in the
// domain, a comment on every package, short files, names that say something.
//
// The tests parse the files themselves. They never run the go command, because a test's cached result
// doesn't depend on what a child process reads: a rule broken since would still be reported as kept.
// Each rule is shown to bite on a small planted source.
//
//	imports_test.go    who may import whom: one line a rule, with its reason
//	shape_test.go      what a file may hold and be called
//	places_test.go     nothing of the machine on which a file was written
//	source_test.go     how the files are found and read
package arch

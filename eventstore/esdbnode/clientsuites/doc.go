// Package clientsuites runs other people's clients against the node: what the official Go client tests itself with, and
// the official Node clients, driven by checks of our own. Nothing of theirs is kept here; it is taken from the module
// cache, or installed by npm, into a temporary directory for the length of a run.
//
//	LEDGER_CLIENT_SUITES=go go test -v -count=1 ./eventstore/esdbnode/clientsuites
//	LEDGER_CLIENT_SUITES=node go test -v -count=1 ./eventstore/esdbnode/clientsuites
//
// The first takes a minute and needs no network. The second needs node, npm and a registry, the first time. Without the
// variable only what costs nothing is tested: that the tests named as left out are there to be left out.
package clientsuites

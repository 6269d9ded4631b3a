// Package esdbnode is a server that speaks the protocol of EventStoreDB and runs inside a Go program.
package esdbnode

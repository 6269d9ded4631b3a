// Package esdbnode is a server that speaks EventStoreDB's gRPC protocol and runs inside a Go program: in tests, where
// a container would be slow and could not be made to fail on demand, and on a single machine, where the ledger should
// need nothing beside itself. The official clients cannot tell it from EventStoreDB 24.10 in what it serves: appends and
// batch appends, reads and catch-up subscriptions of streams and of $all, persistent subscriptions, filters, links,
// stream metadata, soft deletes and tombstones, users and access by name, password and certificate. Projections in
// JavaScript are not served and answer UNIMPLEMENTED. Without TLS a node asks nobody who they are, and so it listens on
// loopback only. It is no cluster and does not want to be one; that is what EventStoreDB is for.
//
// # Promises
//
//   - An acknowledged append is durable. The node MUST NOT answer before fdatasync has returned, with a success, with a
//     conflict or with a repeat of an earlier success.
//   - An append is there whole or not at all, its events next to each other.
//   - A reader MUST NOT see an event that a crash could still take away.
//   - Positions only rise, two events never share one, and neither restart nor recovery changes any.
//   - A repeated append, with the same event ids and the same expectation, changes nothing and is answered as the first
//     time. Other than in EventStoreDB this holds without limit of time also for the expectation "any", as long as nobody
//     compacts the events away.
//   - A subscription gets every event once and in order, from the oldest to those not yet written.
//   - A persistent subscription delivers every event at least once, until a reader is done with it or it is parked; what
//     is to be tried again goes before what is new. Only what is replayed from among the parked is not safe from a crash
//     until it is acknowledged, as with EventStoreDB.
//   - After a crash, what had not been acknowledged may be missing and nothing else may. A record that is broken at the
//     very end of the log is such a loss and is cut off. Broken bytes anywhere else are a *CorruptError. The node MUST
//     NOT serve them: a read that meets them ends with DATA_LOSS, and the node does not start over them in the segment
//     it is to write. Full segments, whose index is on disk, it does not read at the start; Verify reads everything.
//   - An index file is believed only when every byte of it is what was written and it follows the files before it. Else
//     it is made again from the log.
//   - A directory belongs to one node at a time.
//   - A node that can be reached from other machines asks who is calling, and has no user with the password that everybody
//     knows: else it MUST NOT start. A password MUST NOT get into a log, an error or an event.
//
// # Who may do what
//
// With Options.TLS a node is secure. Calls come with a user's name and password or from a connection with a client
// certificate, whose common name is the user; a call with neither may find out what the node is, and nothing else. Users
// and groups are events, as in EventStoreDB: $user-<login> holds a salted PBKDF2 hash, $users the names; "admin" and
// "ops" are there from the beginning. What a user may do with a stream is said by $acl in the stream's metadata, else by
// $settings, else streams are open to all who are known and those whose names begin with "$" to $admins. In three points
// the node is stricter than EventStoreDB: a link does not show an event that its reader could not read, an $acl that
// cannot be read opens a stream to nobody but administrators, and a default user who was deleted stays so.
//
// Without TLS the node asks nobody, takes any credentials, allows everything, and listens on loopback only.
//
// # Maintenance
//
// Verify proves that every byte is what was written, Compact removes what metadata and deletions hide and leaves every
// position, every revision and the numbers of the computed streams as they were; a running node compacts when told to
// scavenge. "ledgerd eventstore" has both as commands, beside the node alone for clients in other languages; README.md
// says how to point them at it. Package esdbnodetest gives a test a node of its own.
//
// # The log
//
// The engine is our own: segmented append-only files of checksummed records, one goroutine that writes and commits in
// groups, an index beside each full segment. It was chosen by measurement (two cores, virtio disk, events of about 640
// bytes). Behind the same writer, with 64 callers, a plain pre-allocated file takes 117 thousand durable events a
// second, Pebble 74% of that, SQLite 22 to 65%, bbolt 17%; a full scan reads 2.6 million events a second from the file,
// 0.9 million from Pebble, 0.5 million from SQLite. The file adds no module and can hand out what it stored byte for
// byte: reads of $all run at 200 thousand events a second through the official client, 110 thousand when each answer is
// encoded anew. What a library would have brought is years of crashes survived; the tests make up for that with kills,
// losses of power at every operation of the disk, torn records and flipped bits at every byte.
//
// The index is made of lists: a stream is one, a category and a type are others. Of a full segment they lie in a file
// of some forty bytes an event that is mapped into memory; at the start it is checked, and the heads of the lists are
// taken from it. With ten million events in a million streams that takes a third of a second, 0.4 of CPU, and sixty
// megabytes of memory, half of it to tell event ids that are new. Made again from the log it takes 29 seconds.
//
// # Where to read
//
//   - node.go, options.go: the life of a node
//   - append.go, batchappend.go, delete.go → writer.go → expect.go, standing.go: what becomes of a write
//   - read.go, subscribe.go, filter.go, links.go, metadata.go → index.go → page.go: what becomes of a read
//   - persistent.go → persistent_group.go → persistent_source.go, persistent_delivery.go, persistent_checkpoint.go: what
//     becomes of a persistent subscription; persistent_strategy.go: which reader gets what; persistent_read.go: a reader
//   - tls.go, auth.go → users.go → acl.go: who is calling, and may they; users_service.go: managing users
//   - httpsplit.go → http.go: what shares the port with gRPC; operations.go: what a client may ask of a server
//   - index.go → names.go, indexpart.go, sequence.go, idfilter.go: where events are; indexseal.go → indexstore.go,
//     indexfile.go: how that gets to the disk and back; categories.go: the streams that are computed from it
//   - log.go, segment.go, record.go, recover.go: the bytes on disk; frame.go: the bytes of one event
//   - verify.go, compact.go → compact_segment.go, compact_write.go: what is done to a log at rest
//   - disk.go: the file layer, which tests replace by one that loses power
//   - faults.go: misbehaviour on demand
//
// # Other people's clients
//
// The Go client's own suite, and checks of ours with the Node clients, run against the node by
//
//	LEDGER_CLIENT_SUITES=go go test -v -count=1 ./eventstore/esdbnode/clientsuites
//	LEDGER_CLIENT_SUITES=node go test -v -count=1 ./eventstore/esdbnode/clientsuites
//
// What is left out is listed at the end, with the reason.
package esdbnode

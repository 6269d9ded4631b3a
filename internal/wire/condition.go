package wire

import "time"

// Condition is how the parts of a ledger are. Where a number isn't known it is null, never a zero that looks well.
type Condition struct {
	Version  string    `json:"version" doc:"Of the program that answers"`
	Time     time.Time `json:"time" doc:"When this was so"`
	Head     string    `json:"head" doc:"Position of the last event in the log"`
	Events   *uint64   `json:"events" doc:"How many events the log holds; null until they have been counted"`
	Position string    `json:"position" doc:"What the read models reflect"`
	Parts    []Part    `json:"parts" doc:"The relay and the source where this process runs them, and the read models whoever fills them"`
}

// Kind says what a part does.
type Kind string

// The closed set of kinds.
const (
	Relay      Kind = "relay"      // carries events from the log to the feed
	Source     Kind = "source"     // reads them there, or from the log where the feed fails
	Projection Kind = "projection" // makes rows of them
	Notary     Kind = "notary"     // keeps the proof log over them
)

// Part is how one part is.
type Part struct {
	Name       string     `json:"name"`
	Kind       Kind       `json:"kind" enum:"relay,source,projection,notary"`
	State      string     `json:"state" doc:"relay: running, standby; source: feed, log, idle; projection: running, stopped, rebuilding; notary: running, waiting, standby, halted, no key"`
	Version    int        `json:"version,omitzero" doc:"Of a projection: it changes whenever the same events lead to other rows"`
	Position   string     `json:"position,omitzero" doc:"Of the last event that it passed on or applied; -1 before any"`
	Head       string     `json:"head,omitzero" doc:"Of the last event that it has to pass on or apply"`
	Events     uint64     `json:"events" doc:"How many it has passed on or applied; of a source since this process began"`
	Lag        *uint64    `json:"lag" doc:"How many it still has to; null while that isn't known, and for a source, whose lag is that of its readers"`
	LagSeconds *float64   `json:"lagSeconds" doc:"For how long the oldest of those has been in the log; 0 where there are none, however old the last event is"`
	Rate       *float64   `json:"rate" doc:"Events a second, lately, in this process; null where nobody measures it"`
	Healed     uint64     `json:"healed,omitzero" doc:"relay: events that the feed had lost and got again; source: gaps in the feed that were filled from the log"`
	Missing    uint64     `json:"missing,omitzero" doc:"relay: messages that the feed lost before its end; whoever needs them reads the log"`
	Holder     string     `json:"holder,omitzero" doc:"relay: the name of the one that has the lease"`
	Doubts     uint64     `json:"doubts,omitzero" doc:"relay: how often it began again from the end of the feed; source: how often it went to the log"`
	Repeats    uint64     `json:"repeats,omitzero" doc:"source: messages passed over because their event had been delivered"`
	FromLog    uint64     `json:"fromLog,omitzero" doc:"source: how many of its events it read from the log"`
	Error      string     `json:"error,omitzero" doc:"What went wrong last; of a projection that is stopped, why and at which event"`
	ErrorAt    *time.Time `json:"errorAt,omitzero" doc:"When"`
	Rebuild    *Rebuild   `json:"rebuild,omitzero" doc:"The new version that is being built beside this one"`
}

// Rebuild is how far a new version of a projection is.
type Rebuild struct {
	Version     int      `json:"version"`
	State       string   `json:"state" doc:"What it does at present"`
	Events      uint64   `json:"events" doc:"How many events it has applied"`
	Of          uint64   `json:"of" doc:"How many it has to, for now"`
	Rate        float64  `json:"rate" doc:"Events a second, lately"`
	SecondsLeft *float64 `json:"secondsLeft" doc:"At that rate; null while there is none"`
}

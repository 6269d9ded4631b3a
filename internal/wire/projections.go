package wire

import "time"

// ReadModels are all projections of a ledger.
type ReadModels struct {
	Items []ReadModel `json:"items"`
}

// ReadModel is how one projection is, and what can be done about it.
type ReadModel struct {
	Name       string           `json:"name"`
	Version    int              `json:"version" doc:"Changes whenever the same events lead to other rows"`
	State      string           `json:"state" enum:"running,stopped,missing" doc:"stopped: at an event that it can't apply; missing: nobody has made its tables yet"`
	Position   string           `json:"position" doc:"Of the last event applied; -1 before any"`
	Events     uint64           `json:"events" doc:"How many it has applied"`
	Lag        *uint64          `json:"lag" doc:"How many it still has to; null while that isn't known"`
	LagSeconds *float64         `json:"lagSeconds" doc:"For how long the oldest of those has been in the log"`
	Rate       *float64         `json:"rate" doc:"Events a second, lately; null where another process applies them"`
	Poison     *Poison          `json:"poison,omitzero" doc:"Why it is stopped"`
	Ranges     []PartitionRange `json:"ranges,omitzero" doc:"How far each is, where several processes share it"`
	Prior      bool             `json:"prior" doc:"The build before is kept, so that it can be rolled back or dropped"`
	Order      *ProjectionOrder `json:"order,omitzero" doc:"The latest order"`
}

// Poison is an event that a projection can't apply.
type Poison struct {
	EventID  string `json:"eventId"`
	Position string `json:"position"`
	Error    string `json:"error"`
}

// PartitionRange is how far a projection is in some partitions of the streams.
type PartitionRange struct {
	First    int    `json:"first"`
	Last     int    `json:"last"`
	State    string `json:"state"`
	Position string `json:"position"`
	Events   uint64 `json:"events" doc:"Of the ledger, up to its position"`
}

// ProjectionOrder is something that is to be done to a projection, and how far that is. It is carried out by the process
// that applies events, whichever that is.
type ProjectionOrder struct {
	ID          string    `json:"id" format:"uuid"`
	Projection  string    `json:"projection"`
	Kind        string    `json:"kind" enum:"retry,rebuild,rollback,drop"`
	AskedAt     time.Time `json:"askedAt"`
	State       string    `json:"state" enum:"waiting,running,done,failed"`
	Phase       string    `json:"phase,omitzero" doc:"Of a rebuild: applying, indexing, comparing"`
	Events      uint64    `json:"events,omitzero" doc:"How many a rebuild has applied"`
	Of          uint64    `json:"of,omitzero" doc:"How many it has to"`
	Rate        uint64    `json:"rate,omitzero" doc:"Events a second"`
	SecondsLeft *float64  `json:"secondsLeft,omitzero" doc:"At that rate, for applying"`
	Report      string    `json:"report,omitzero" doc:"What came of it, or why it failed"`
}

// The states of an order that somebody who waits for it looks at: nobody has begun, and the two in which it is over.
const (
	OrderWaiting = "waiting"
	OrderDone    = "done"
	OrderFailed  = "failed"
)

// Over tells whether nothing more will happen to the order.
func (o ProjectionOrder) Over() bool { return o.State == OrderDone || o.State == OrderFailed }

// ProjectionOrders are orders, the oldest first.
type ProjectionOrders struct {
	Items []ProjectionOrder `json:"items"`
}

// Skip asks that a projection passes over the event at which it stands still.
type Skip struct {
	CommandID         string `json:"commandId,omitzero" format:"uuid" doc:"Idempotency key: one for each intention. Default: a new one"`
	EventID           string `json:"eventId,omitzero" doc:"The event. Default: the one at which the projection stands still"`
	Reason            string `json:"reason,omitzero" doc:"Why; it stays on record" maxLength:"1000"`
	UserPrincipalName string `json:"userPrincipalName,omitzero" doc:"Who decides this" maxLength:"254"`
}

// Skipped is what became of that: the event that puts it on record, and the order to go on.
type Skipped struct {
	CommandID string          `json:"commandId"`
	EventID   string          `json:"eventId" doc:"The event that is passed over"`
	Position  string          `json:"position" doc:"Consistency token: a query with atLeast=<position> sees the decision, once the projections go on"`
	Repeated  bool            `json:"repeated" doc:"It was passed over already; nothing was recorded"`
	Order     ProjectionOrder `json:"order"`
}

package partners

import (
	"context"
	_ "embed"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// The states of a partnership request.
const (
	Open      = "open"
	Accepted  = "accepted"
	Declined  = "declined"
	Withdrawn = "withdrawn"
	Expired   = "expired" // nobody answered in time
)

// RequestFilter says which requests are asked for, and when; what is empty doesn't matter.
type RequestFilter struct {
	At       readmodel.Point
	Provider domain.TenantID
	Request  domain.RequestID
	State    string
}

// Request is a partnership request and what became of it.
type Request struct {
	ProviderTenantID domain.TenantID  `json:"providerTenantId"`
	RequestID        domain.RequestID `json:"requestId"`
	// ResellerEmail is sealed as it is stored; whoever may see the address opens it with the request's key.
	ResellerEmail string         `json:"resellerEmail"`
	RequestedAt   domain.Instant `json:"requestedAt"`
	RequestedBy   string         `json:"requestedBy"`
	ExpiresAt     domain.Instant `json:"expiresAt"`
	State         string         `json:"state"`
	// ClosedAt and ClosedBy are null and empty while nobody has answered.
	ClosedAt         *domain.Instant `json:"closedAt"`
	ClosedBy         string          `json:"closedBy,omitzero"`
	ResellerTenantID domain.TenantID `json:"resellerTenantId,omitzero"`
	Reason           string          `json:"reason,omitzero"`
}

//go:embed requests.sql
var selectRequests string

var requestList = readmodel.List[Request]{
	OrderBy: []string{"r.provider_tenant_id", "r.request_id"},
	Fields: func(q *Request) []any {
		return []any{&q.ProviderTenantID, &q.RequestID, &q.ResellerEmail, &q.RequestedAt, &q.RequestedBy, &q.ExpiresAt, &q.State,
			&q.ClosedAt, &q.ClosedBy, &q.ResellerTenantID, &q.Reason}
	},
	Key: func(q Request) []any { return []any{string(q.ProviderTenantID), string(q.RequestID)} },
}

// Requests are those asked for, by provider and request.
func Requests(ctx context.Context, r sqldb.Reader, f RequestFilter, page readmodel.Page) (readmodel.Slice[Request], error) {
	s := readmodel.From(selectRequests, f.At.Facts, f.At.Instant)
	readmodel.When(s, f.Provider, "r.provider_tenant_id = ?")
	readmodel.When(s, f.Request, "r.request_id = ?")
	readmodel.When(s, f.State, "r.state = ?")
	return requestList.Page(ctx, r, s, page)
}

// Episode is one stretch of partnership, with the acts that began and ended it.
type Episode struct {
	ProviderTenantID domain.TenantID `json:"providerTenantId"`
	ResellerTenantID domain.TenantID `json:"resellerTenantId"`
	// Seq is the number of the event that began it.
	Seq                   domain.Place     `json:"seq"`
	Since                 domain.Instant   `json:"since"`
	Until                 *domain.Instant  `json:"until"`
	RequestID             domain.RequestID `json:"requestId"`
	MPNID                 domain.MPNID     `json:"mpnId"`
	Name                  string           `json:"name"`
	Location              string           `json:"location"`
	AcceptedBy            string           `json:"acceptedBy"`
	RemovedBy             string           `json:"removedBy,omitzero"`
	Reason                string           `json:"reason,omitzero"`
	RepresentationVersion string           `json:"representationVersion,omitzero"`
}

const selectEpisodes = `SELECT p.provider_tenant_id, p.reseller_tenant_id, p.seq, p.since, p.until, p.request_id, p.mpn_id, p.name, p.country,
  p.accepted_by, COALESCE(p.removed_by, ''), COALESCE(p.removal_reason, ''), COALESCE(p.representation_version, '')
FROM partnerships p
WHERE p.since <= $1{where}`

var episodeList = readmodel.List[Episode]{
	OrderBy: []string{"p.provider_tenant_id", "p.reseller_tenant_id", "p.seq"},
	Fields: func(e *Episode) []any {
		return []any{&e.ProviderTenantID, &e.ResellerTenantID, &e.Seq, &e.Since, &e.Until, &e.RequestID, &e.MPNID, &e.Name, &e.Location,
			&e.AcceptedBy, &e.RemovedBy, &e.Reason, &e.RepresentationVersion}
	},
	Key: func(e Episode) []any {
		return []any{string(e.ProviderTenantID), string(e.ResellerTenantID), int64(e.Seq)}
	},
}

// Episodes are all stretches of partnership that had begun, past ones too, as they stood then.
func Episodes(ctx context.Context, r sqldb.Reader, f Filter, page readmodel.Page) (readmodel.Slice[Episode], error) {
	episodes, err := episodeList.Page(ctx, r, f.pairs(readmodel.From(selectEpisodes, f.At.Facts)), page)
	for i, e := range episodes.Items {
		if e.Until = f.At.Shown(e.Until); e.Until == nil {
			e.RemovedBy, e.Reason, e.RepresentationVersion = "", "", ""
		}
		episodes.Items[i] = e
	}
	return episodes, err
}

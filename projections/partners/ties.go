package partners

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/projections/tables"
)

// asked is a partnership request; what closed it is empty while nobody has answered.
type asked struct {
	ID                  domain.RequestID `sql:"request_id,key"`
	Provider            domain.TenantID  `sql:"provider_tenant_id"`
	ResellerEmailSealed string           `sql:"reseller_email_sealed"`
	Delivery            string           `sql:"delivery,null"`
	RequestedAt         domain.Instant   `sql:"requested_at"`
	Seq                 domain.Place     `sql:"seq"`
	RequestedBy         string           `sql:"requested_by"`
	ExpiresAt           domain.Instant   `sql:"expires_at"`
	ClosedAt            *domain.Instant  `sql:"closed_at"`
	ClosedSeq           *domain.Place    `sql:"closed_seq"`
	ClosedHow           string           `sql:"closed_how,null"`
	ClosedBy            *string          `sql:"closed_by"`
	Reseller            domain.TenantID  `sql:"reseller_tenant_id,null"`
	Reason              string           `sql:"reason,null"`
}

func (a *asked) key() domain.RequestID { return a.ID }
func (a *asked) closed() bool          { return a.ClosedAt != nil }

// A request is answered once, and nobody looks at it afterwards.
var requests = tables.Of("partnership_requests", (*asked).key).Final((*asked).closed)

// episode is one stretch of a partnership; nobody looks at those that are over.
type episode struct {
	Provider              domain.TenantID  `sql:"provider_tenant_id,key"`
	Reseller              domain.TenantID  `sql:"reseller_tenant_id,key"`
	Seq                   domain.Place     `sql:"seq,key"`
	Since                 domain.Instant   `sql:"since"`
	Until                 *domain.Instant  `sql:"until"`
	UntilSeq              *domain.Place    `sql:"until_seq"`
	RequestID             domain.RequestID `sql:"request_id"`
	MPNID                 domain.MPNID     `sql:"mpn_id"`
	Name                  string           `sql:"name"`
	Country               string           `sql:"country"`
	AcceptedBy            string           `sql:"accepted_by"`
	RemovedBy             *string          `sql:"removed_by"`
	RemovalReason         string           `sql:"removal_reason,null"`
	RepresentationVersion *string          `sql:"representation_version"`
}

// relation is one provider and one reseller.
type relation struct{ provider, reseller domain.TenantID }

type episodeKey struct {
	relation
	seq domain.Place
}

func (e *episode) of() relation    { return relation{e.Provider, e.Reseller} }
func (e *episode) key() episodeKey { return episodeKey{e.of(), e.Seq} }
func (e *episode) lasts() bool     { return e.Until == nil }
func (e *episode) over() bool      { return !e.lasts() }

var (
	partnerships = tables.Of("partnerships", (*episode).key).Final((*episode).over)
	active       = tables.On(partnerships, (*episode).of, (*episode).lasts, "until IS NULL", "provider_tenant_id", "reseller_tenant_id")
)

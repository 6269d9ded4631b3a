package partners

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/projections/tables"
)

// Tables are those of the schema.
func (Projection) Tables() []tables.Definition {
	return []tables.Definition{providers, resellers, suspensions, agreements, locations, requests, partnerships}
}

// profile is what a provider registered with.
type profile struct {
	Provider        domain.TenantID `sql:"provider_tenant_id,key"`
	Name            string          `sql:"name"`
	Country         string          `sql:"country"`
	Region          string          `sql:"region"`
	MPNID           domain.MPNID    `sql:"mpn_id"`
	GlobalMPNID     domain.MPNID    `sql:"global_mpn_id,null"`
	PartnershipLink string          `sql:"partnership_link"`
	EmailDomain     string          `sql:"email_domain"`
	Website         string          `sql:"website,null"`
	AddressLine1    string          `sql:"address_line1,null"`
	City            string          `sql:"city,null"`
	PostalCode      string          `sql:"postal_code,null"`
	PhoneNumber     string          `sql:"phone_number,null"`
	RegisteredAt    domain.Instant  `sql:"registered_at"`
}

func (p *profile) key() domain.TenantID { return p.Provider }

var providers = tables.Of("providers", (*profile).key).Once()

// account is a reseller; DeauthorizedAt is nil while it is authorized.
type account struct {
	Reseller           domain.TenantID `sql:"reseller_tenant_id,key"`
	Name               string          `sql:"name"`
	Country            string          `sql:"country"`
	Region             string          `sql:"region"`
	GlobalMPNID        domain.MPNID    `sql:"global_mpn_id,null"`
	EnrolledAt         domain.Instant  `sql:"enrolled_at"`
	Seq                domain.Place    `sql:"seq"`
	DeauthorizedAt     *domain.Instant `sql:"deauthorized_at"`
	DeauthorizedSeq    *domain.Place   `sql:"deauthorized_seq"`
	DeauthorizedReason string          `sql:"deauthorized_reason,null"`
}

func (a *account) key() domain.TenantID { return a.Reseller }

var resellers = tables.Of("resellers", (*account).key)

// placed is the key of what a reseller has one of for each event.
type placed struct {
	reseller domain.TenantID
	seq      domain.Place
}

// suspension is a stretch in which a reseller may begin nothing new; nobody looks at those that are over.
type suspension struct {
	Reseller domain.TenantID `sql:"reseller_tenant_id,key"`
	Seq      domain.Place    `sql:"seq,key"`
	Since    domain.Instant  `sql:"since"`
	Until    *domain.Instant `sql:"until"`
	UntilSeq *domain.Place   `sql:"until_seq"`
	Reason   string          `sql:"reason,null"`
}

func (s *suspension) key() placed         { return placed{s.Reseller, s.Seq} }
func (s *suspension) of() domain.TenantID { return s.Reseller }
func (s *suspension) lasts() bool         { return s.Until == nil }
func (s *suspension) over() bool          { return !s.lasts() }

var (
	suspensions = tables.Of("reseller_suspensions", (*suspension).key).Final((*suspension).over)
	suspended   = tables.On(suspensions, (*suspension).of, (*suspension).lasts, "until IS NULL", "reseller_tenant_id")
)

type agreement struct {
	Reseller domain.TenantID `sql:"reseller_tenant_id,key"`
	Region   string          `sql:"region,key"`
	Since    domain.Instant  `sql:"since"`
	Seq      domain.Place    `sql:"seq"`
	SignedAt domain.Instant  `sql:"signed_at"`
}

// signature is of one reseller for one region.
type signature struct {
	reseller domain.TenantID
	region   string
}

func (a *agreement) key() signature { return signature{a.Reseller, a.Region} }

var agreements = tables.Of("partner_agreements", (*agreement).key)

type location struct {
	MPNID        domain.MPNID    `sql:"mpn_id,key"`
	Reseller     domain.TenantID `sql:"reseller_tenant_id"`
	Name         string          `sql:"name"`
	Country      string          `sql:"country"`
	RegisteredAt domain.Instant  `sql:"registered_at"`
	Seq          domain.Place    `sql:"seq"`
	DeletedAt    *domain.Instant `sql:"deleted_at"`
	DeletedSeq   *domain.Place   `sql:"deleted_seq"`
}

func (l *location) key() domain.MPNID { return l.MPNID }
func (l *location) deleted() bool     { return l.DeletedAt != nil }

// A location is deleted once, and nobody looks at it afterwards.
var locations = tables.Of("partner_locations", (*location).key).Final((*location).deleted)

package customers

import (
	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/projections/tables"
)

// Tables are those of the schema.
func (Projection) Tables() []tables.Definition {
	return []tables.Definition{customers, forgettings, associations, privileges, holds, erasures, inviteeErasures, inviteeForgettings}
}

type added struct {
	Provider domain.TenantID `sql:"provider_tenant_id,key"`
	Customer domain.TenantID `sql:"customer_tenant_id,key"`
	Company  string          `sql:"company"`
	Domain   string          `sql:"domain"`
	Country  string          `sql:"country"`
	AddedAt  domain.Instant  `sql:"added_at"`
	Seq      domain.Place    `sql:"seq"`
}

func named(provider, of domain.TenantID) customer.Key {
	return customer.Key{ProviderTenantID: provider, CustomerTenantID: of}
}

func (a *added) key() customer.Key { return named(a.Provider, a.Customer) }

var customers = tables.Of("customers", (*added).key).Once()

// placed is the key of what a customer has one of for each event.
type placed struct {
	customer.Key
	seq domain.Place
}

type forgetting struct {
	Provider    domain.TenantID `sql:"provider_tenant_id,key"`
	Customer    domain.TenantID `sql:"customer_tenant_id,key"`
	Seq         domain.Place    `sql:"seq,key"`
	ForgottenAt domain.Instant  `sql:"forgotten_at"`
	EventID     string          `sql:"event_id"`
	Reason      string          `sql:"reason,null"`
}

func (f *forgetting) key() placed { return placed{named(f.Provider, f.Customer), f.Seq} }

var forgettings = tables.Of("customer_forgettings", (*forgetting).key).Once()

// association is a stretch with one reseller; nobody looks at those that are over.
type association struct {
	Provider domain.TenantID `sql:"provider_tenant_id,key"`
	Customer domain.TenantID `sql:"customer_tenant_id,key"`
	Seq      domain.Place    `sql:"seq,key"`
	Reseller domain.TenantID `sql:"reseller_tenant_id"`
	Since    domain.Instant  `sql:"since"`
	Until    *domain.Instant `sql:"until"`
	UntilSeq *domain.Place   `sql:"until_seq"`
}

func (a *association) of() customer.Key { return named(a.Provider, a.Customer) }
func (a *association) key() placed      { return placed{a.of(), a.Seq} }
func (a *association) lasts() bool      { return a.Until == nil }
func (a *association) over() bool       { return !a.lasts() }

var (
	associations = tables.Of("customer_resellers", (*association).key).Final((*association).over)
	associated   = tables.On(associations, (*association).of, (*association).lasts, "until IS NULL", "provider_tenant_id", "customer_tenant_id")
)

// privilege is a grant; nobody looks at those that were revoked. One that has run out is left as it is.
type privilege struct {
	Provider         domain.TenantID `sql:"provider_tenant_id,key"`
	Customer         domain.TenantID `sql:"customer_tenant_id,key"`
	Grantee          domain.TenantID `sql:"grantee_tenant_id,key"`
	Kind             string          `sql:"kind,key"`
	Seq              domain.Place    `sql:"seq,key"`
	Roles            *string         `sql:"roles"` // nil where the kind has none
	Since            domain.Instant  `sql:"since"`
	ExpiresAt        *domain.Instant `sql:"expires_at"`
	RevokedAt        *domain.Instant `sql:"revoked_at"`
	RevokedSeq       *domain.Place   `sql:"revoked_seq"`
	GrantedBy        string          `sql:"granted_by"`
	RevokedBy        *string         `sql:"revoked_by"`
	RevocationReason string          `sql:"revocation_reason,null"`
}

// granted is what there is one open grant for.
type granted struct {
	customer.Key
	customer.GrantKey
}

type privilegeKey struct {
	granted
	seq domain.Place
}

func (p *privilege) of() granted {
	return granted{named(p.Provider, p.Customer), customer.GrantKey{GranteeTenantID: p.Grantee, Kind: p.Kind}}
}

func (p *privilege) key() privilegeKey { return privilegeKey{p.of(), p.Seq} }
func (p *privilege) held() bool        { return p.RevokedAt == nil }
func (p *privilege) revoked() bool     { return !p.held() }

// openAt tells whether a grant that wasn't revoked has not run out either.
func (p *privilege) openAt(at domain.Instant) bool { return p.ExpiresAt == nil || *p.ExpiresAt > at }

var (
	privileges = tables.Of("customer_privileges", (*privilege).key).Final((*privilege).revoked)
	grants     = tables.On(privileges, (*privilege).of, (*privilege).held, "revoked_at IS NULL",
		"provider_tenant_id", "customer_tenant_id", "grantee_tenant_id", "kind")
)

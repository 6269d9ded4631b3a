// Package customers is the read model of a provider's customers: which reseller manages them (R11), who has
// delegated admin privileges over them, and what is to be kept or erased of people. Removing a partnership changes nothing here (R37, R38).
package customers

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/customer"
	"github.com/partnerledger/partnerledger/domain/legalhold"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/tables"
)

//go:embed schema.sql
var schema string

// Projection keeps the tables of this package.
type Projection struct{}

// Name is the name of the checkpoint.
func (Projection) Name() string { return "customers" }

// Version changes whenever the same events lead to other rows.
func (Projection) Version() int { return 5 }

// Schema makes the tables.
func (Projection) Schema() string { return schema }

// Splits says that each row is of one stream: a customer's, a hold on all customers of the provider's, an erasure of a request.
func (Projection) Splits() bool { return true }

// change is one event on its way into the tables.
type change struct {
	ctx  context.Context
	rows *tables.Rows
	e    projections.Event
}

func (c change) place() domain.Place { return domain.Place(c.e.Seq) }

// ending is the place of an event that ends something, as a column that may be NULL holds it.
func (c change) ending() *domain.Place {
	seq := c.place()
	return &seq
}

// now is when it was recorded, as a column that may be NULL holds it: without the event around it.
func (c change) now() *domain.Instant {
	at := c.e.Meta.At
	return &at
}

// errUnknown says that an event ends what no event before it began; the domain refuses such commands.
var errUnknown = errors.New("no event before tells of it")

// Apply changes rows; events that don't concern customers as a whole change none.
func (Projection) Apply(ctx context.Context, rows *tables.Rows, e projections.Event) error {
	c := change{ctx: ctx, rows: rows, e: e}
	switch f := e.Fact.(type) {
	case customer.CustomerAdded:
		return c.add(f)
	case customer.ContactForgotten:
		return c.forget(f)
	case customer.CustomerAssociatedWithReseller:
		return c.associate(f)
	case customer.CustomerDissociatedFromReseller:
		return c.dissociate(f)
	case customer.DelegatedAdminPrivilegesGranted:
		return c.grant(f)
	case customer.DelegatedAdminPrivilegesRevoked:
		return c.revoke(f)
	default:
		return c.protect()
	}
}

// protect changes rows about legal holds and erasures.
func (c change) protect() error {
	switch f := c.e.Fact.(type) {
	case legalhold.LegalHoldPlaced:
		return c.hold(f)
	case legalhold.LegalHoldLifted:
		return c.lift(f)
	case customer.ContactErasureRequested:
		return c.request(f)
	case customer.ContactErasureApproved:
		return c.close(f.Key, f.ErasureID, Approved)
	case customer.ContactErasureWithdrawn:
		return c.close(f.Key, f.ErasureID, Withdrawn)
	default:
		return c.protectInvitee()
	}
}

func (c change) add(f customer.CustomerAdded) error {
	return customers.Insert(c.rows, &added{Provider: f.ProviderTenantID, Customer: f.CustomerTenantID, Company: f.CompanyName, Domain: f.Domain,
		Country: f.Billing.Address.Country, AddedAt: c.e.Meta.At, Seq: c.place()})
}

func (c change) forget(f customer.ContactForgotten) error {
	return forgettings.Insert(c.rows, &forgetting{Provider: f.ProviderTenantID, Customer: f.CustomerTenantID, Seq: c.place(),
		ForgottenAt: c.e.Meta.At, EventID: c.e.ID.String(), Reason: f.Reason})
}

// associate replaces the association before: one at a time.
func (c change) associate(f customer.CustomerAssociatedWithReseller) error {
	if _, err := c.endAssociation(f.Key); err != nil {
		return err
	}
	return associations.Insert(c.rows, &association{Provider: f.ProviderTenantID, Customer: f.CustomerTenantID, Seq: c.place(),
		Reseller: f.ResellerTenantID, Since: c.e.Meta.At})
}

func (c change) dissociate(f customer.CustomerDissociatedFromReseller) error {
	ended, err := c.endAssociation(f.Key)
	if err == nil && !ended {
		return errUnknown
	}
	return err
}

func (c change) endAssociation(k customer.Key) (ended bool, err error) {
	a, err := associated.One(c.ctx, c.rows, &association{Provider: k.ProviderTenantID, Customer: k.CustomerTenantID})
	if err != nil || a == nil {
		return false, err
	}
	a.Until, a.UntilSeq = c.now(), c.ending()
	associations.Change(c.rows, a)
	return true, nil
}

func (c change) grant(f customer.DelegatedAdminPrivilegesGranted) error {
	p := &privilege{Provider: f.ProviderTenantID, Customer: f.CustomerTenantID, Grantee: f.GranteeTenantID, Kind: f.Kind, Seq: c.place(),
		Since: c.e.Meta.At, GrantedBy: c.e.Meta.Actor.UserPrincipalName}
	if len(f.Roles) > 0 {
		text, err := json.Marshal(f.Roles)
		if err != nil {
			return fmt.Errorf("roles of a grant: %w", err)
		}
		roles := string(text)
		p.Roles = &roles
	}
	if f.ExpiresAt != nil {
		expires := *f.ExpiresAt
		p.ExpiresAt = &expires
	}
	return privileges.Insert(c.rows, p)
}

// revoke ends the open grant. One that has run out is not open any more, so it isn't the one that is revoked.
func (c change) revoke(f customer.DelegatedAdminPrivilegesRevoked) error {
	held, err := grants.Find(c.ctx, c.rows, &privilege{Provider: f.ProviderTenantID, Customer: f.CustomerTenantID, Grantee: f.GranteeTenantID, Kind: f.Kind})
	if err != nil {
		return err
	}
	held = slices.DeleteFunc(held, func(p *privilege) bool { return !p.openAt(c.e.Meta.At) })
	if len(held) == 0 {
		return errUnknown
	}
	for _, p := range held {
		by := c.e.Meta.Actor.UserPrincipalName
		p.RevokedSeq = c.ending()
		p.RevokedAt, p.RevokedBy, p.RevocationReason = c.now(), &by, f.Reason
		privileges.Change(c.rows, p)
	}
	return nil
}

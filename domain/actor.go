package domain

import "slices"

// Role is what a user may do; the ledger's roles are those of the vendor plus two of its own:
// Auditor reads only, and ReferenceFeed brings the vendor's facts (R01, DOMAIN.md §2.9).
type Role string

// The closed set of roles.
const (
	GlobalAdmin         Role = "GlobalAdmin"
	UserManagementAdmin Role = "UserManagementAdmin"
	AdminAgent          Role = "AdminAgent"
	SalesAgent          Role = "SalesAgent"
	HelpdeskAgent       Role = "HelpdeskAgent"
	BillingAdmin        Role = "BillingAdmin"
	Auditor             Role = "Auditor"
	ReferenceFeed       Role = "ReferenceFeed"
)

// Actor is who issues a command, for which organization, in which role.
type Actor struct {
	UserPrincipalName string   `json:"userPrincipalName"`
	TenantID          TenantID `json:"tenantId"`
	Role              Role     `json:"role"`
	ApplicationID     string   `json:"applicationId,omitzero"`
}

// Parties are the organizations a command names, by the side on which they stand; empty where it names none.
type Parties struct{ Provider, Reseller, Customer, Grantee TenantID }

// Side says for whom an actor must act to issue a command.
type Side int

// The sides. AnySide asks for no tenant.
const (
	AnySide Side = iota
	ProviderSide
	ResellerSide
	CustomerSide
	GranteeSide
)

func (p Parties) on(side Side) TenantID {
	switch side {
	case ProviderSide:
		return p.Provider
	case ResellerSide:
		return p.Reseller
	case CustomerSide:
		return p.Customer
	case GranteeSide:
		return p.Grantee
	default:
		return ""
	}
}

// Grant is one line of the role table: on this side these roles may issue the command.
type Grant struct {
	Side  Side
	Roles []Role
}

// Permit answers whether the actor may issue a command that these grants allow. It refuses, in this
// order: a role that no side allows, a tenant that is none of the sides, a role that this side
// doesn't allow.
func Permit(grants []Grant, parties Parties, actor Actor) error {
	anySide, sided := false, false
	for _, g := range grants {
		allows := slices.Contains(g.Roles, actor.Role)
		anySide = anySide || allows
		if g.Side == AnySide || actor.TenantID != "" && parties.on(g.Side) == actor.TenantID {
			if allows {
				return nil
			}
			sided = sided || g.Side != AnySide
		}
	}
	if anySide && !sided {
		return Refuse(WrongTenant)
	}
	return Refuse(RoleNotPermitted)
}

package customer

import (
	"strconv"
	"strings"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/reseller"
)

// The closed set of kinds of privileges.
const (
	DAP              = "DAP"              // delegated admin privileges
	GDAP             = "GDAP"             // granular ones: with roles, for a while
	AzureTenantOwner = "AzureTenantOwner" // owner of the customer's Azure tenant
)

// maxGDAPDays is the longest that granular privileges may be granted for.
const maxGDAPDays = 730

// GrantKey names a grant: there is one open grant for each grantee and kind.
type GrantKey struct {
	GranteeTenantID domain.TenantID
	Kind            string
}

// Grant is what was granted; ExpiresAt is nil where it has no end.
type Grant struct{ ExpiresAt *domain.Instant }

// GrantDelegatedAdminPrivileges gives a grantee admin rights over the customer, whatever the state of a
// partnership (R31, R32). Roles and Duration are for GDAP only, and then both are needed.
type GrantDelegatedAdminPrivileges struct {
	Key
	GranteeTenantID domain.TenantID `json:"granteeTenantId"`
	Kind            string          `json:"kind"`
	Roles           []string        `json:"roles,omitzero"`
	Duration        *string         `json:"duration,omitzero"`
}

// CommandType is the name on the wire.
func (GrantDelegatedAdminPrivileges) CommandType() string { return "GrantDelegatedAdminPrivileges" }

// Parties names the grantee too.
func (c GrantDelegatedAdminPrivileges) Parties() domain.Parties {
	p := c.Key.Parties()
	p.Grantee = c.GranteeTenantID
	return p
}

// grant refuses, in this order: customer-not-found, grantee-not-found, gdap-terms-invalid, privileges-already-granted.
func grant(s State, f *domain.Facts, at domain.Instant, c GrantDelegatedAdminPrivileges) (domain.Decision, error) {
	if err := s.known(); err != nil {
		return domain.Decision{}, err
	}
	if c.GranteeTenantID != c.ProviderTenantID && !reseller.Look(f, c.GranteeTenantID).Enrolled {
		return refused(domain.GranteeNotFound)
	}
	e := DelegatedAdminPrivilegesGranted{Key: c.Key, GranteeTenantID: c.GranteeTenantID, Kind: c.Kind, Roles: c.Roles}
	if c.Kind == GDAP {
		days, ok := c.days()
		if !ok || len(c.Roles) == 0 {
			return refused(domain.GDAPTermsInvalid)
		}
		expires := at + domain.Instant(days)*domain.Day
		e.Duration, e.ExpiresAt = *c.Duration, &expires
	} else if c.Roles != nil || c.Duration != nil {
		return refused(domain.GDAPTermsInvalid)
	}
	if s.granted(c.GranteeTenantID, c.Kind, at) {
		return refused(domain.PrivilegesAlreadyGranted)
	}
	return recorded(e)
}

// granted tells whether the grant is open at the moment: not revoked, and not run out.
func (s State) granted(grantee domain.TenantID, kind string, at domain.Instant) bool {
	g, ok := s.Grants[GrantKey{GranteeTenantID: grantee, Kind: kind}]
	return ok && (g.ExpiresAt == nil || at < *g.ExpiresAt)
}

// days reads the duration: P<n>D, from one day to the longest allowed.
func (c GrantDelegatedAdminPrivileges) days() (int, bool) {
	if c.Duration == nil {
		return 0, false
	}
	digits, prefixed := strings.CutPrefix(*c.Duration, "P")
	digits, suffixed := strings.CutSuffix(digits, "D")
	n, err := strconv.ParseUint(digits, 10, 32)
	return int(n), prefixed && suffixed && err == nil && 1 <= n && n <= maxGDAPDays
}

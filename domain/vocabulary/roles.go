package vocabulary

import (
	"fmt"
	"maps"
	"slices"

	"github.com/partnerledger/partnerledger/domain"
)

// Policy names a role table.
type Policy string

// The role tables. An empty Policy is Default.
const (
	Default Policy = "default" // the roles of the seed page
	Strict  Policy = "strict"  // the narrower ones that some of the vendor's pages give
)

// ParsePolicy reads the name of a role table.
func ParsePolicy(name string) (Policy, error) {
	if p := Policy(name); p == Default || p == Strict {
		return p, nil
	}
	return "", fmt.Errorf("role policy %q is neither %q nor %q", name, Default, Strict)
}

// Roles gives the role table: which grants each command needs, by its name. An unknown policy has an
// empty one, which permits nothing.
func Roles(p Policy) map[string][]domain.Grant { return maps.Clone(rolesOf(p)) }

func rolesOf(p Policy) map[string][]domain.Grant {
	switch p {
	case Default, "":
		return defaultRoles
	case Strict:
		return strictRoles
	default:
		return nil
	}
}

var (
	feed = domain.Grant{Side: domain.AnySide, Roles: []domain.Role{domain.ReferenceFeed}}

	sales = provides(domain.GlobalAdmin, domain.UserManagementAdmin, domain.AdminAgent, domain.SalesAgent)
	desk  = provides(domain.GlobalAdmin, domain.UserManagementAdmin, domain.AdminAgent, domain.SalesAgent, domain.HelpdeskAgent)
	heads = provides(domain.GlobalAdmin, domain.AdminAgent)

	partnerHead  = domain.Grant{Side: domain.ResellerSide, Roles: []domain.Role{domain.GlobalAdmin}}
	customerHead = domain.Grant{Side: domain.CustomerSide, Roles: []domain.Role{domain.GlobalAdmin}}
	granteeHeads = domain.Grant{Side: domain.GranteeSide, Roles: []domain.Role{domain.GlobalAdmin, domain.AdminAgent}}
)

func provides(roles ...domain.Role) domain.Grant {
	return domain.Grant{Side: domain.ProviderSide, Roles: roles}
}

// defaultRoles is data: one line a command.
var defaultRoles = map[string][]domain.Grant{
	"RegisterProvider":        {feed},
	"EnrollReseller":          {feed},
	"RegisterPartnerLocation": {feed},
	"DeletePartnerLocation":   {feed},
	"SignPartnerAgreement":    {feed},
	"SuspendReseller":         {feed},
	"ReinstateReseller":       {feed},
	"DeauthorizeReseller":     {feed},

	"RequestPartnership":         {sales},
	"AcceptPartnership":          {partnerHead, feed}, // the feed: opening balance of an import only
	"DeclinePartnership":         {partnerHead},
	"WithdrawPartnershipRequest": {sales},
	"RemovePartnership":          {sales},
	"RecordTerminationNotice":    {sales},

	"AddCustomer":                    {sales},
	"AssociateCustomerWithReseller":  {sales},
	"DissociateCustomerFromReseller": {sales},
	"GrantDelegatedAdminPrivileges":  {heads, customerHead},
	"RevokeDelegatedAdminPrivileges": {heads, customerHead, granteeHeads},
	"ConfirmCustomerAgreement":       {provides(domain.AdminAgent, domain.SalesAgent)},
	"ForgetContact":                  {heads},

	"PlaceOrder":                    {sales},
	"AssignResellerToSubscription":  {sales},
	"ClearResellerFromSubscription": {sales},
	"CorrectResellerOfRecord":       {heads},
	"AssignSupportContact":          {desk},
	"ChangeQuantity":                {sales},
	"UpgradeSubscription":           {sales},
	"SuspendSubscription":           {sales},
	"ReactivateSubscription":        {sales},
	"CancelSubscription":            {sales},
	"RenewSubscription":             {sales},
}

// strictRoles differs from defaultRoles in these lines.
var strictRoles = but(defaultRoles, map[string][]domain.Grant{
	"RemovePartnership":             {provides(domain.AdminAgent)},
	"AssignResellerToSubscription":  {provides(domain.AdminAgent, domain.SalesAgent)},
	"ClearResellerFromSubscription": {provides(domain.AdminAgent, domain.SalesAgent)},
})

func but(table, lines map[string][]domain.Grant) map[string][]domain.Grant {
	out := maps.Clone(table)
	for name, grants := range lines {
		out[name] = slices.Clone(grants)
	}
	return out
}

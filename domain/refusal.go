package domain

import (
	"errors"
	"strconv"
	"strings"
)

// Code is the stable name of a refusal; clients may rely on it for ever.
type Code string

// The closed set of refusal codes (workload vocabulary §3).
const (
	RoleNotPermitted               Code = "role-not-permitted"
	WrongTenant                    Code = "wrong-tenant"
	CommandIDReused                Code = "command-id-reused"
	AccountNotFound                Code = "account-not-found"
	ProviderAlreadyRegistered      Code = "provider-already-registered"
	ResellerAlreadyEnrolled        Code = "reseller-already-enrolled"
	ResellerNotEnrolled            Code = "reseller-not-enrolled"
	MPNAlreadyRegistered           Code = "mpn-already-registered"
	DateInFuture                   Code = "date-in-future"
	RequestIDInUse                 Code = "request-id-in-use"
	EmailInvalid                   Code = "email-invalid"
	PartnershipLinkMissing         Code = "partnership-link-missing"
	RequestNotFound                Code = "request-not-found"
	RequestNotOpen                 Code = "request-not-open"
	AuthorizationNotGiven          Code = "authorization-not-given"
	MPNNotNumeric                  Code = "mpn-not-numeric"
	MPNIsGlobalAccount             Code = "mpn-is-global-account"
	MPNIsProvidersOwn              Code = "mpn-is-providers-own"
	MPNNotFound                    Code = "mpn-not-found"
	MPNNotAReseller                Code = "mpn-not-a-reseller"
	MPNNotOfReseller               Code = "mpn-not-of-reseller"
	LocationDeleted                Code = "location-deleted"
	RegionMismatch                 Code = "region-mismatch"
	ResellerDeauthorized           Code = "reseller-deauthorized"
	ResellerSuspended              Code = "reseller-suspended"
	PartnershipAlreadyActive       Code = "partnership-already-active"
	PartnershipNotActive           Code = "partnership-not-active"
	RemovalNotConfirmed            Code = "removal-not-confirmed"
	RepresentationVersionUnknown   Code = "representation-version-unknown"
	PartnershipNotFound            Code = "partnership-not-found"
	PartnerAgreementNotSigned      Code = "partner-agreement-not-signed"
	CustomerAlreadyExists          Code = "customer-already-exists"
	CustomerNotFound               Code = "customer-not-found"
	CompanyNameInvalid             Code = "company-name-invalid"
	DomainInvalid                  Code = "domain-invalid"
	DomainTaken                    Code = "domain-taken"
	BillingEmailNotAllowed         Code = "billing-email-not-allowed"
	RegistrationNumberMissing      Code = "registration-number-missing"
	RegistrationNumberNotSupported Code = "registration-number-not-supported"
	PhoneNumberMissing             Code = "phone-number-missing"
	CustomerAgreementMissing       Code = "customer-agreement-missing"
	AgreementDateInFuture          Code = "agreement-date-in-future"
	CustomerNotAssociated          Code = "customer-not-associated"
	GranteeNotFound                Code = "grantee-not-found"
	GDAPTermsInvalid               Code = "gdap-terms-invalid"
	PrivilegesAlreadyGranted       Code = "privileges-already-granted"
	PrivilegesNotFound             Code = "privileges-not-found"
	ChannelNotAllowed              Code = "channel-not-allowed"
	OrderIDInUse                   Code = "order-id-in-use"
	SubscriptionIDInUse            Code = "subscription-id-in-use"
	QuantityOutOfRange             Code = "quantity-out-of-range"
	SubscriptionNotFound           Code = "subscription-not-found"
	SubscriptionEnded              Code = "subscription-ended"
	SubscriptionSuspended          Code = "subscription-suspended"
	StaleVersion                   Code = "stale-version"
	ReductionWindowPassed          Code = "reduction-window-passed"
	CancellationWindowPassed       Code = "cancellation-window-passed"
	StatusChangeNotAllowed         Code = "status-change-not-allowed"
	DowngradeNotSupported          Code = "downgrade-not-supported"
	NoResellerOfRecord             Code = "no-reseller-of-record"
	SupportContactNotAPartner      Code = "support-contact-not-a-partner"
	EffectiveInFuture              Code = "effective-in-future"
	EffectiveBeforePurchase        Code = "effective-before-purchase"
	EffectiveTooOld                Code = "effective-too-old"
)

// Refusal is a rule saying no: a stable code, one sentence for a person and, where the vendor has the
// same rule, its codes. A refused command changes nothing.
type Refusal struct {
	Code        Code
	Sentence    string
	VendorCodes []string
}

// Error is the sentence.
func (r *Refusal) Error() string { return r.Sentence }

// Is makes two refusals with the same code the same to errors.Is.
func (r *Refusal) Is(other error) bool {
	o, ok := errors.AsType[*Refusal](other)
	return ok && o.Code == r.Code
}

// Refuse makes the refusal with this code; args fill the placeholders {0}, {1}, … of its sentence.
func Refuse(code Code, args ...string) *Refusal {
	entry := catalogue[code]
	return &Refusal{Code: code, Sentence: fill(entry.sentence, args), VendorCodes: entry.vendor}
}

// Says replaces the sentence: one code may be put differently for one command.
func (r *Refusal) Says(sentence string) *Refusal {
	return &Refusal{Code: r.Code, Sentence: sentence, VendorCodes: r.VendorCodes}
}

func fill(sentence string, args []string) string {
	for i, arg := range args {
		sentence = strings.ReplaceAll(sentence, "{"+strconv.Itoa(i)+"}", arg)
	}
	return sentence
}

// Codes lists every refusal code, in the order of the catalogue.
func Codes() []Code {
	return []Code{
		RoleNotPermitted,
		WrongTenant,
		CommandIDReused,
		AccountNotFound,
		ProviderAlreadyRegistered,
		ResellerAlreadyEnrolled,
		ResellerNotEnrolled,
		MPNAlreadyRegistered,
		DateInFuture,
		RequestIDInUse,
		EmailInvalid,
		PartnershipLinkMissing,
		RequestNotFound,
		RequestNotOpen,
		AuthorizationNotGiven,
		MPNNotNumeric,
		MPNIsGlobalAccount,
		MPNIsProvidersOwn,
		MPNNotFound,
		MPNNotAReseller,
		MPNNotOfReseller,
		LocationDeleted,
		RegionMismatch,
		ResellerDeauthorized,
		ResellerSuspended,
		PartnershipAlreadyActive,
		PartnershipNotActive,
		RemovalNotConfirmed,
		RepresentationVersionUnknown,
		PartnershipNotFound,
		PartnerAgreementNotSigned,
		CustomerAlreadyExists,
		CustomerNotFound,
		CompanyNameInvalid,
		DomainInvalid,
		DomainTaken,
		BillingEmailNotAllowed,
		RegistrationNumberMissing,
		RegistrationNumberNotSupported,
		PhoneNumberMissing,
		CustomerAgreementMissing,
		AgreementDateInFuture,
		CustomerNotAssociated,
		GranteeNotFound,
		GDAPTermsInvalid,
		PrivilegesAlreadyGranted,
		PrivilegesNotFound,
		ChannelNotAllowed,
		OrderIDInUse,
		SubscriptionIDInUse,
		QuantityOutOfRange,
		SubscriptionNotFound,
		SubscriptionEnded,
		SubscriptionSuspended,
		StaleVersion,
		ReductionWindowPassed,
		CancellationWindowPassed,
		StatusChangeNotAllowed,
		DowngradeNotSupported,
		NoResellerOfRecord,
		SupportContactNotAPartner,
		EffectiveInFuture,
		EffectiveBeforePurchase,
		EffectiveTooOld,
	}
}

type sentence struct {
	sentence string
	vendor   []string
}

// catalogue is data: the sentence of each code, and the vendor's codes with the same meaning.
var catalogue = map[Code]sentence{
	RoleNotPermitted:               {"The supplied role doesn't have the rights to perform the requested operation.", []string{"900150"}},
	WrongTenant:                    {"You can only act for your own organization.", nil},
	CommandIDReused:                {"This command ID was already used for a different command.", nil},
	AccountNotFound:                {"Could not find account with id '{0}'.", []string{"2205"}},
	ProviderAlreadyRegistered:      {"This indirect provider is already registered.", nil},
	ResellerAlreadyEnrolled:        {"This partner is already enrolled as an indirect reseller.", nil},
	ResellerNotEnrolled:            {"Requested MPN Id {0} is not associated with any CSP Indirect Reseller account in Partner Center. Please advise your reseller to enroll into the CSP program as an indirect reseller.", []string{"2204"}},
	MPNAlreadyRegistered:           {"The partner ID {0} is already registered.", nil},
	DateInFuture:                   {"The date can't be in the future.", nil},
	RequestIDInUse:                 {"This request ID was already used for another partnership request.", nil},
	EmailInvalid:                   {"Enter a valid email address.", nil},
	PartnershipLinkMissing:         {"The message must contain your partnership link unchanged; it is personalized for your account.", nil},
	RequestNotFound:                {"There is no such partnership request.", nil},
	RequestNotOpen:                 {"This partnership request is no longer open.", nil},
	AuthorizationNotGiven:          {"Check the box to authorize the indirect provider.", nil},
	MPNNotNumeric:                  {"MPN Id must be numeric.", []string{"2000"}},
	MPNIsGlobalAccount:             {"Use the Partner Location Account ID, not the global ID.", nil},
	MPNIsProvidersOwn:              {"PartnerID of Indirect Provider isn't valid as Partner On Record.", []string{"2072"}},
	MPNNotFound:                    {"PartnerID isn't found.", []string{"800015"}},
	MPNNotAReseller:                {"PartnerID isn't a valid Indirect Reseller.", []string{"800016"}},
	MPNNotOfReseller:               {"This Partner Location Account ID belongs to another partner.", nil},
	LocationDeleted:                {"This partner location was deleted; use another Partner Location Account ID.", nil},
	RegionMismatch:                 {"The CSP region of the requested PartnerID {0} is {1} and doesn't match the CSP region {2} of Indirect Provider with Tenant id {3}.", []string{"2201"}},
	ResellerDeauthorized:           {"This reseller is no longer authorized as an indirect reseller.", nil},
	ResellerSuspended:              {"This reseller's account is suspended; it can't start new business.", nil},
	PartnershipAlreadyActive:       {"A partnership with this reseller is already active.", nil},
	PartnershipNotActive:           {"Establish a partnership with this reseller first.", nil},
	RemovalNotConfirmed:            {"Confirm that you want to remove this partnership.", nil},
	RepresentationVersionUnknown:   {"Read and accept the current representation before you remove the partnership.", nil},
	PartnershipNotFound:            {"There has never been a partnership with this reseller.", nil},
	PartnerAgreementNotSigned:      {"MPN Id {0} has not signed Microsoft Partner Agreement (MPA) for the CSP region where the order is being placed. Please advise your reseller to sign MPA to continue with the order.", []string{"2203", "900123"}},
	CustomerAlreadyExists:          {"This customer has already been added.", nil},
	CustomerNotFound:               {"Tenant not found.", []string{"60003", "20002"}},
	CompanyNameInvalid:             {"Enter the company's full legal name.", nil},
	DomainInvalid:                  {"Enter a domain of the form name.onmicrosoft.com.", nil},
	DomainTaken:                    {"The domain {0} is already in use.", nil},
	BillingEmailNotAllowed:         {"Use the customer's own email address, not one of Microsoft or of your organization.", nil},
	RegistrationNumberMissing:      {"Organization registration ID information is missing.", []string{"600049"}},
	RegistrationNumberNotSupported: {"Organization registration ID value isn't supported.", []string{"600002"}},
	PhoneNumberMissing:             {"Customer phone number is missing.", []string{"600051"}},
	CustomerAgreementMissing:       {"Either a partner confirmation of the customer acceptance of the Microsoft Customer Agreement must be provided or the customer must accept the Microsoft Customer Agreement in the Microsoft Admin Center.", []string{"13605"}},
	AgreementDateInFuture:          {"The agreement acceptance date can't be in the future.", nil},
	CustomerNotAssociated:          {"This customer isn't associated with this reseller.", nil},
	GranteeNotFound:                {"Privileges can be granted to the provider or to an enrolled reseller.", nil},
	GDAPTermsInvalid:               {"Granular privileges need at least one role and a duration of 1 to 730 days; other privileges take neither.", nil},
	PrivilegesAlreadyGranted:       {"These privileges are already granted.", nil},
	PrivilegesNotFound:             {"There are no such privileges to revoke.", nil},
	ChannelNotAllowed:              {"Subscription changes can't be made in the Azure portal; use the Microsoft 365 portal.", nil},
	OrderIDInUse:                   {"This order ID was already used.", nil},
	SubscriptionIDInUse:            {"This subscription ID was already used.", nil},
	QuantityOutOfRange:             {"Subscription quantity isn't within minimum and maximum allowed quantity.", []string{"2002"}},
	SubscriptionNotFound:           {"Subscription with ID {0} not found.", []string{"20003"}},
	SubscriptionEnded:              {"Subscription with ID {0} and deleted status can't be updated.", []string{"2011"}},
	SubscriptionSuspended:          {"Can't update a subscription with suspended status.", []string{"800091", "2001"}},
	StaleVersion:                   {"Etag is no longer valid.", []string{"2055"}},
	ReductionWindowPassed:          {"You have passed your 7-day window for reducing seats for this subscription.", []string{"900257"}},
	CancellationWindowPassed:       {"You have passed your 7-day cancellation window. We are unable to cancel your purchase.", []string{"900117"}},
	StatusChangeNotAllowed:         {"Can't update the status for this subscription.", []string{"800096"}},
	DowngradeNotSupported:          {"Downgrades aren't supported.", nil},
	NoResellerOfRecord:             {"There is no reseller of record on this subscription.", nil},
	SupportContactNotAPartner:      {"The support contact must be an existing reseller with a relationship to you.", nil},
	EffectiveInFuture:              {"A correction can't take effect in the future.", nil},
	EffectiveBeforePurchase:        {"A correction can't take effect before the purchase.", nil},
	EffectiveTooOld:                {"A correction can't reach back more than 90 days.", nil},
}

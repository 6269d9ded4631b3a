package wire

// Issuer is who issues a command that isn't in the vocabulary, and under which id.
type Issuer struct {
	CommandID         string `json:"commandId,omitzero" format:"uuid" doc:"Idempotency key: one for each intention. Default: a new one"`
	UserPrincipalName string `json:"userPrincipalName" minLength:"3" maxLength:"254" doc:"Who issues it; the name stays on record"`
	TenantID          string `json:"tenantId" format:"uuid" doc:"The user's organization: the provider"`
	Role              string `json:"role" enum:"GlobalAdmin,AdminAgent" doc:"The user's role there"`
}

// ErasureRequest asks that the personal data of a customer's contacts be erased, or that of a partnership request: the
// address to which it was sent, and its message. It names one of both.
type ErasureRequest struct {
	Issuer
	ProviderTenantID string `json:"providerTenantId" format:"uuid"`
	CustomerTenantID string `json:"customerTenantId,omitzero" format:"uuid" doc:"The customer whose contacts are to be erased"`
	RequestID        string `json:"requestId,omitzero" format:"uuid" doc:"Or the partnership request whose personal data is"`
	Reason           string `json:"reason,omitzero" maxLength:"1000" doc:"Why; it stays on record, so leave names out"`
}

// ErasureAnswer approves or withdraws what was asked for, and names the same.
type ErasureAnswer struct {
	Issuer
	ProviderTenantID string `json:"providerTenantId" format:"uuid"`
	CustomerTenantID string `json:"customerTenantId,omitzero" format:"uuid"`
	RequestID        string `json:"requestId,omitzero" format:"uuid"`
	Reason           string `json:"reason,omitzero" maxLength:"1000" doc:"Why it is withdrawn"`
}

// HoldOrder places a legal hold, or lifts one.
type HoldOrder struct {
	Issuer
	ProviderTenantID string `json:"providerTenantId" format:"uuid"`
	CustomerTenantID string `json:"customerTenantId,omitzero" format:"uuid" doc:"Default: all customers of the provider"`
	Reason           string `json:"reason,omitzero" maxLength:"1000" doc:"Why; it stays on record, so leave names out"`
}

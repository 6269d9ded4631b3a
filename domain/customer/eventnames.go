package customer

import "github.com/partnerledger/partnerledger/domain"

// The stored names of the events, frozen.

// EventType is the stored name, frozen.
func (DomainClaimed) EventType() string { return "DomainClaimed" }

// EventType is the stored name, frozen.
func (CustomerAdded) EventType() string { return "CustomerAdded" }

// EventType is the stored name, frozen.
func (CustomerAssociatedWithReseller) EventType() string { return "CustomerAssociatedWithReseller" }

// EventType is the stored name, frozen.
func (CustomerDissociatedFromReseller) EventType() string { return "CustomerDissociatedFromReseller" }

// EventType is the stored name, frozen.
func (DelegatedAdminPrivilegesGranted) EventType() string { return "DelegatedAdminPrivilegesGranted" }

// EventType is the stored name, frozen.
func (DelegatedAdminPrivilegesRevoked) EventType() string { return "DelegatedAdminPrivilegesRevoked" }

// EventType is the stored name, frozen.
func (CustomerAgreementConfirmed) EventType() string { return "CustomerAgreementConfirmed" }

// EventType is the stored name, frozen.
func (ContactForgotten) EventType() string { return "ContactForgotten" }

// EventType is the stored name, frozen.
func (OrderSubmitted) EventType() string { return "OrderSubmitted" }

// EventType is the stored name, frozen.
func (SubscriptionPurchased) EventType() string { return "SubscriptionPurchased" }

// EventType is the stored name, frozen.
func (ResellerOfRecordAssigned) EventType() string { return "ResellerOfRecordAssigned" }

// EventType is the stored name, frozen.
func (ResellerOfRecordCleared) EventType() string { return "ResellerOfRecordCleared" }

// EventType is the stored name, frozen.
func (ResellerOfRecordCorrected) EventType() string { return "ResellerOfRecordCorrected" }

// EventType is the stored name, frozen.
func (SupportContactAssigned) EventType() string { return "SupportContactAssigned" }

// EventType is the stored name, frozen.
func (QuantityChanged) EventType() string { return "QuantityChanged" }

// EventType is the stored name, frozen.
func (SubscriptionUpgraded) EventType() string { return "SubscriptionUpgraded" }

// EventType is the stored name, frozen.
func (SubscriptionSuspended) EventType() string { return "SubscriptionSuspended" }

// EventType is the stored name, frozen.
func (SubscriptionReactivated) EventType() string { return "SubscriptionReactivated" }

// EventType is the stored name, frozen.
func (SubscriptionCancelled) EventType() string { return "SubscriptionCancelled" }

// EventType is the stored name, frozen.
func (SubscriptionRenewed) EventType() string { return "SubscriptionRenewed" }

// Reserves is the stream of the domain.
func (e DomainClaimed) Reserves() domain.Stream { return DomainStream(e.Domain) }

// Claims is the stream of the customer for which the domain is reserved.
func (e DomainClaimed) Claims() domain.Stream { return e.Stream() }

// EffectiveFrom is since when the correction holds.
func (e ResellerOfRecordCorrected) EffectiveFrom() domain.Instant { return e.From }

// ErasesPersonalData says that the customer's key is to be destroyed.
func (ContactForgotten) ErasesPersonalData() {}

// Package outcome records what became of commands that left no fact of their own: a refusal, or an
// acceptance that changed nothing. Both are facts too: an activity log shows what was tried and failed,
// and a command said again is answered as the first time, even if the state is another by now.
package outcome

import "github.com/partnerledger/partnerledger/domain"

// The categories of the streams, one for each provider and month.
const (
	RefusalCategory   = "refusals"
	UnchangedCategory = "unchanged"
)

// CommandRefused says that a rule said no. It holds no field of the command but the ids it named.
type CommandRefused struct {
	CommandType      string          `json:"commandType"`
	Code             domain.Code     `json:"code"`
	Sentence         string          `json:"sentence"`
	Stream           string          `json:"stream"`
	ProviderTenantID domain.TenantID `json:"providerTenantId,omitzero"`
	ResellerTenantID domain.TenantID `json:"resellerTenantId,omitzero"`
	CustomerTenantID domain.TenantID `json:"customerTenantId,omitzero"`
}

// CommandChangedNothing says that the command was accepted and that all it wished was so already.
type CommandChangedNothing struct {
	CommandType      string          `json:"commandType"`
	Stream           string          `json:"stream"`
	ProviderTenantID domain.TenantID `json:"providerTenantId,omitzero"`
	ResellerTenantID domain.TenantID `json:"resellerTenantId,omitzero"`
	CustomerTenantID domain.TenantID `json:"customerTenantId,omitzero"`
}

// EventType is the stored name, frozen.
func (CommandRefused) EventType() string { return "CommandRefused" }

// EventType is the stored name, frozen.
func (CommandChangedNothing) EventType() string { return "CommandChangedNothing" }

// Refused is the fact that the intent was refused, and the stream it belongs to.
func Refused(in domain.Intent, r *domain.Refusal) (domain.Stream, domain.Event) {
	p := in.Command.Parties()
	return stream(RefusalCategory, in), CommandRefused{CommandType: in.Command.CommandType(), Code: r.Code, Sentence: r.Sentence,
		Stream: in.Command.Target().String(), ProviderTenantID: p.Provider, ResellerTenantID: p.Reseller, CustomerTenantID: p.Customer}
}

// ChangedNothing is the fact that the intent was accepted and changed nothing, and its stream.
func ChangedNothing(in domain.Intent) (domain.Stream, domain.Event) {
	p := in.Command.Parties()
	return stream(UnchangedCategory, in), CommandChangedNothing{CommandType: in.Command.CommandType(), Stream: in.Command.Target().String(),
		ProviderTenantID: p.Provider, ResellerTenantID: p.Reseller, CustomerTenantID: p.Customer}
}

func stream(category string, in domain.Intent) domain.Stream {
	who := string(in.Command.Parties().Provider)
	if who == "" {
		who = "reference"
	}
	return domain.Stream{Category: category, ID: who + "." + string(domain.MonthOf(in.At))}
}

// Events holds one filled example of each event of this package.
var Events = []domain.Event{
	CommandRefused{CommandType: "PlaceOrder", Code: domain.PartnershipNotActive, Sentence: "Establish a partnership with this reseller first.",
		Stream:           "customer-4b908c9a-e2eb-4713-a8c1-2d429a55b123.f8a426eb-ff6d-47d1-92b1-d3118ab19b14",
		ProviderTenantID: "4b908c9a-e2eb-4713-a8c1-2d429a55b123", ResellerTenantID: "6628166e-221e-46b4-b97d-94d327067ed7",
		CustomerTenantID: "f8a426eb-ff6d-47d1-92b1-d3118ab19b14"},
	CommandChangedNothing{CommandType: "AssociateCustomerWithReseller", Stream: "customer-4b908c9a-e2eb-4713-a8c1-2d429a55b123.f8a426eb-ff6d-47d1-92b1-d3118ab19b14",
		ProviderTenantID: "4b908c9a-e2eb-4713-a8c1-2d429a55b123", ResellerTenantID: "6628166e-221e-46b4-b97d-94d327067ed7",
		CustomerTenantID: "f8a426eb-ff6d-47d1-92b1-d3118ab19b14"},
}

// PerStream folds the outcome streams: nothing is decided from them, so their state is how many there are.
func PerStream(category string) domain.Fold[int] {
	return domain.Fold[int]{Category: category, Evolve: func(n int, _ domain.Happened) int { return n + 1 }}
}

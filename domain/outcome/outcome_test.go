package outcome_test

import (
	"testing"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/outcome"
)

// order is a command of a provider, or of nobody where it names none.
type order struct{ provider domain.TenantID }

func (order) CommandType() string   { return "PlaceOrder" }
func (order) Target() domain.Stream { return domain.Stream{Category: "customer", ID: "p.c"} }
func (o order) Parties() domain.Parties {
	return domain.Parties{Provider: o.provider, Reseller: "r", Customer: "c"}
}

// lastMoment is the last millisecond of a month.
const lastMoment = domain.Instant(1709251199999)

func TestARefusalIsKeptByProviderAndMonth(t *testing.T) {
	in := domain.Intent{At: lastMoment, Command: order{provider: "p"}}
	stream, event := outcome.Refused(in, domain.Refuse(domain.PartnershipNotActive))
	want := outcome.CommandRefused{CommandType: "PlaceOrder", Code: domain.PartnershipNotActive, Sentence: "Establish a partnership with this reseller first.",
		Stream: "customer-p.c", ProviderTenantID: "p", ResellerTenantID: "r", CustomerTenantID: "c"}
	if stream.String() != "refusals-p.2024-02" || event != want {
		t.Errorf("got %+v in %s", event, stream)
	}
	in.At++
	if stream, _ := outcome.Refused(in, domain.Refuse(domain.PartnershipNotActive)); stream.String() != "refusals-p.2024-03" {
		t.Errorf("a millisecond later it is in %s", stream)
	}
}

func TestWhatChangedNothingIsKeptToo(t *testing.T) {
	stream, event := outcome.ChangedNothing(domain.Intent{At: lastMoment, Command: order{}})
	want := outcome.CommandChangedNothing{CommandType: "PlaceOrder", Stream: "customer-p.c", ResellerTenantID: "r", CustomerTenantID: "c"}
	if stream.String() != "unchanged-reference.2024-02" || event != want {
		t.Errorf("got %+v in %s", event, stream)
	}
}

func TestOutcomesAreCounted(t *testing.T) {
	fold := outcome.PerStream(outcome.RefusalCategory)
	if got := fold.Apply(0, domain.Happened{Event: outcome.Events[0]}, domain.Happened{Event: outcome.Events[0]}); got != 2 {
		t.Errorf("counted %d, want 2", got)
	}
	if fold.StreamCategory() != "refusals" {
		t.Errorf("it folds %s", fold.StreamCategory())
	}
}

package partnership_test

import (
	"testing"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/domaintest"
	"github.com/partnerledger/partnerledger/domain/partnership"
)

const winter = domain.TenantID("f8a426eb-ff6d-47d1-92b1-d3118ab19b14") // the only customer

var (
	pairs = domaintest.Rules{
		Decide: domain.Deciding(partnership.Fold, partnership.Decide(func(_ *domain.Facts, provider, customer domain.TenantID) bool {
			return provider == northwind && customer == winter
		})),
		Folds: []domain.AnyFold{partnership.Fold},
	}
	removed = partnership.PartnershipRemoved{ProviderTenantID: northwind, ResellerTenantID: hill, RequestID: "old", RepresentationVersion: "2021-03-23",
		RepresentationTextSHA256: "6cb28b09e200f6e989c8e54a64b930936f38ffd2eceaa2293cc9a7954aa65bbe", Reason: "the reseller left the market"}
)

func accepted(id domain.RequestID) partnership.PartnershipAccepted {
	return partnership.PartnershipAccepted{ProviderTenantID: northwind, ResellerTenantID: hill, RequestID: id, MPNID: cork,
		Name: "Hill Networks Ltd", Country: "NL"}
}

// episodes gives facts of the pair only.
func episodes(events ...domain.Event) []domaintest.Given { return given(events...)[1:] }

func TestAnAcceptedRequestEstablishesThePartnership(t *testing.T) {
	when, ok := partnership.React(acceptedRequest)
	if !ok {
		t.Fatal("nothing finishes an accepted request")
	}
	if when.ReactsTo() != acceptedRequest.EventType() {
		t.Errorf("it reacts to %s, want %s", when.ReactsTo(), acceptedRequest.EventType())
	}
	domaintest.Run(t, pairs, []domaintest.Case{
		{Name: "the first episode", At: at, When: when, Then: []domain.Event{accepted(request)}},
		{Name: "a new episode", Given: episodes(accepted("old"), removed), At: at, When: when, Then: []domain.Event{accepted(request)}},
		{Name: "established already", Given: episodes(accepted(request)), At: at, When: when},
		{Name: "established and removed already", Given: episodes(accepted(request), removed), At: at, When: when},
		{Name: "active by another request", Given: episodes(accepted("old")), At: at, When: when},
	})
}

func TestOnlyAnAcceptedRequestIsReactedTo(t *testing.T) {
	for _, e := range partnership.Events {
		if _, ok := partnership.React(e); ok != (e.EventType() == "PartnershipRequestAccepted") {
			t.Errorf("React(%s) = %t", e.EventType(), ok)
		}
	}
}

func TestRemovePartnership(t *testing.T) {
	when := partnership.RemovePartnership{ProviderTenantID: northwind, ResellerTenantID: hill, Confirmed: true,
		RepresentationVersion: "2021-03-23", Reason: "the reseller left the market"}
	unconfirmed, outdated := when, when
	unconfirmed.Confirmed, unconfirmed.RepresentationVersion = false, "1999-01-01"
	outdated.RepresentationVersion = "1999-01-01"
	ofSecond := removed
	ofSecond.RequestID = request

	domaintest.Run(t, pairs, []domaintest.Case{
		{Name: "removed", Given: episodes(accepted("old")), At: at, When: when, Then: []domain.Event{removed}},
		{Name: "the second episode removed", Given: episodes(accepted("old"), removed, accepted(request)), At: at, When: when,
			Then: []domain.Event{ofSecond}},
		{Name: "never active comes before not confirmed", At: at, When: unconfirmed, Refused: domain.PartnershipNotActive,
			Says: "There is no active partnership with this reseller to remove."},
		{Name: "removed already", Given: episodes(accepted("old"), removed), At: at, When: when, Refused: domain.PartnershipNotActive},
		{Name: "not confirmed comes before the version", Given: episodes(accepted("old")), At: at, When: unconfirmed, Refused: domain.RemovalNotConfirmed},
		{Name: "another representation", Given: episodes(accepted("old")), At: at, When: outdated, Refused: domain.RepresentationVersionUnknown},
	})
}

func TestTheRepresentationNeverChanges(t *testing.T) {
	if got, want := partnership.RepresentationSHA256(), removed.RepresentationTextSHA256; got != want {
		t.Errorf("the text of version %s hashes to %s, want %s", partnership.RepresentationVersion, got, want)
	}
}

func TestRecordTerminationNotice(t *testing.T) {
	customer, stranger := winter, other
	hash := "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	bare := partnership.RecordTerminationNotice{ProviderTenantID: northwind, ResellerTenantID: hill, Party: "reseller", Method: "letter", SentAt: at}
	full, wrong, future := bare, bare, bare
	full.Party, full.CustomerTenantID, full.DocumentHash = "customer", &customer, hash
	wrong.CustomerTenantID, wrong.SentAt = &stranger, at+1
	future.SentAt = at + 1
	recorded := partnership.TerminationNoticeRecorded{ProviderTenantID: northwind, ResellerTenantID: hill, Party: "reseller", Method: "letter", SentAt: at}
	ofCustomer := recorded
	ofCustomer.Party, ofCustomer.CustomerTenantID, ofCustomer.DocumentHash = "customer", winter, hash
	why := "each notice is evidence of its own"

	domaintest.Run(t, pairs, []domaintest.Case{
		{Name: "while active", Given: episodes(accepted("old")), At: at, When: bare, Then: []domain.Event{recorded}, AgainRecords: why},
		{Name: "after the removal", Given: episodes(accepted("old"), removed), At: at, When: full, Then: []domain.Event{ofCustomer}, AgainRecords: why},
		{Name: "never a partnership comes before the customer", At: at, When: wrong, Refused: domain.PartnershipNotFound},
		{Name: "unknown customer comes before the future", Given: episodes(accepted("old")), At: at, When: wrong, Refused: domain.CustomerNotFound},
		{Name: "in the future", Given: episodes(accepted("old")), At: at, When: future, Refused: domain.DateInFuture},
	})
}

func TestAnotherAggregatesCommandIsAFault(t *testing.T) {
	_, err := partnership.DecideRequest(partnership.RequestState{}, domain.NewFacts(nil), domain.Intent{Command: partnership.RemovePartnership{}})
	if want := "aggregate partnershiprequest was asked to decide RemovePartnership, which isn't one of its commands"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = partnership.Decide(nil)(partnership.State{}, domain.NewFacts(nil), domain.Intent{Command: partnership.AcceptPartnership{}})
	if want := "aggregate partnership was asked to decide AcceptPartnership, which isn't one of its commands"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestActiveAtIsHalfOpen(t *testing.T) {
	s := partnership.Fold.Apply(partnership.State{}, domain.Happened{At: 10, Event: accepted("old")})
	after := partnership.Fold.Apply(s, domain.Happened{At: 20, Event: removed}, domain.Happened{At: 30, Event: accepted(request)})
	for at, want := range map[domain.Instant]bool{9: false, 10: true, 19: true, 20: false, 29: false, 30: true, domain.MaxInstant: true} {
		if got := after.ActiveAt(at); got != want {
			t.Errorf("ActiveAt(%d) = %t, want %t", at, got, want)
		}
	}
	if !s.Active() {
		t.Error("the state before the removal changed")
	}
}

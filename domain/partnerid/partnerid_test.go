package partnerid_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/partnerid"
)

func TestAnIDIsClaimedOnce(t *testing.T) {
	first := partnerid.PartnerIDClaimed{MPNID: "1062006", Kind: partnerid.Location, TenantID: "hill", OwnerCategory: "reseller"}
	s := partnerid.Fold.Apply(partnerid.State{}, domain.Happened{Event: first})
	if want := (partnerid.State{Kind: partnerid.Location, TenantID: "hill", OwnerCategory: "reseller"}); s != want || !s.Claimed() {
		t.Errorf("got %+v", s)
	}
	if (partnerid.State{}).Claimed() {
		t.Error("an id nobody has claimed is claimed")
	}
	if first.Reserves().String() != "mpn-1062006" || first.Claims().String() != "reseller-hill" {
		t.Errorf("the claim stands in %s for a fact in %s", first.Reserves(), first.Claims())
	}
}

func TestClaimAll(t *testing.T) {
	owner := domain.Stream{Category: "provider", ID: "northwind"}
	own, global := partnerid.Wanted{ID: "412648", Kind: partnerid.Own}, partnerid.Wanted{ID: "420567", Kind: partnerid.Global}
	taken := map[domain.Stream]any{
		partnerid.Stream("412648"): partnerid.State{},
		partnerid.Stream("420567"): partnerid.State{Kind: partnerid.Global, TenantID: "hill", OwnerCategory: "reseller"},
	}
	for _, c := range []struct {
		name   string
		wanted []partnerid.Wanted
		want   domain.Code
	}{
		{"nothing", nil, ""},
		{"a free one", []partnerid.Wanted{own}, ""},
		{"a taken one", []partnerid.Wanted{own, global}, domain.MPNAlreadyRegistered},
		{"one twice", []partnerid.Wanted{own, own}, domain.MPNAlreadyRegistered},
		{"not numeric comes before taken", []partnerid.Wanted{global, {ID: "x"}}, domain.MPNNotNumeric},
	} {
		claims, err := partnerid.ClaimAll(domain.NewFacts(taken), owner, c.wanted)
		refused, _ := errors.AsType[*domain.Refusal](err)
		if c.want == "" && (err != nil || len(claims) != len(c.wanted)) || c.want != "" && (refused == nil || refused.Code != c.want || claims != nil) {
			t.Errorf("%s: got %v, %v", c.name, claims, err)
		}
	}
	claims, _ := partnerid.ClaimAll(domain.NewFacts(taken), owner, []partnerid.Wanted{own})
	want := []domain.Claim{partnerid.PartnerIDClaimed{MPNID: "412648", Kind: partnerid.Own, TenantID: "northwind", OwnerCategory: "provider"}}
	if !reflect.DeepEqual(claims, want) {
		t.Errorf("claimed %+v, want %+v", claims, want)
	}
}

package domain_test

import (
	"errors"
	"fmt"
	"regexp"
	"testing"

	"github.com/partnerledger/partnerledger/domain"
)

func TestEveryCodeHasASentence(t *testing.T) {
	form := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)+$`)
	seen := map[domain.Code]bool{}
	for _, code := range domain.Codes() {
		if !form.MatchString(string(code)) || seen[code] {
			t.Errorf("code %q is badly formed or listed twice", code)
		}
		seen[code] = true
		if r := domain.Refuse(code); r.Code != code || r.Sentence == "" || r.Error() != r.Sentence {
			t.Errorf("%s says %q", code, r.Sentence)
		}
	}
	if len(seen) != 64 {
		t.Errorf("%d codes, want 64", len(seen))
	}
}

func TestARefusalFillsItsSentence(t *testing.T) {
	r := domain.Refuse(domain.RegionMismatch, "1062006", "Brazil", "Europe", "4b908c9a")
	want := "The CSP region of the requested PartnerID 1062006 is Brazil and doesn't match the CSP region Europe of Indirect Provider with Tenant id 4b908c9a."
	if r.Sentence != want || len(r.VendorCodes) != 1 || r.VendorCodes[0] != "2201" {
		t.Errorf("got %q %v", r.Sentence, r.VendorCodes)
	}
}

func TestARefusalIsKnownByItsCode(t *testing.T) {
	said := domain.Refuse(domain.PartnershipNotActive).Says("There is none.")
	if said.Error() != "There is none." || domain.Refuse(domain.PartnershipNotActive).Sentence == said.Sentence {
		t.Error("a sentence of its own changes that refusal and no other")
	}
	wrapped := fmt.Errorf("line 7: %w", said)
	if !errors.Is(wrapped, domain.Refuse(domain.PartnershipNotActive)) {
		t.Error("it isn't known by its code")
	}
	if errors.Is(wrapped, domain.Refuse(domain.PartnershipNotFound)) || errors.Is(wrapped, errors.ErrUnsupported) {
		t.Error("it is taken for another")
	}
}

package customer

import (
	"strings"
	"testing"
)

func TestCompanyNames(t *testing.T) {
	for name, want := range map[string]bool{
		"Winter Press Ltd": true, "3M": true, "Łą": true, "株式": true, "42": true, "ltd & co": true, "Öä": true,
		"": false, " ": false, "X": false, "  X ": false, "--": false, "...": false, "GmbH": false, " gmbh. ": false, "S.A.": true, "Ltd..": false, "AB": false,
	} {
		if got := validCompanyName(name); got != want {
			t.Errorf("validCompanyName(%q) = %t", name, got)
		}
	}
}

func TestDomains(t *testing.T) {
	for name, want := range map[string]bool{
		"winter.onmicrosoft.com": true, "W-1.OnMicrosoft.com": true, "a.onmicrosoft.com": true, "az-09.onmicrosoft.com": true, strings.Repeat("x", 27) + ".onmicrosoft.com": true,
		strings.Repeat("x", 28) + ".onmicrosoft.com": false, ".onmicrosoft.com": false, "a.b.onmicrosoft.com": false, "a_b.onmicrosoft.com": false,
		"żubr.onmicrosoft.com": false, "winter.com": false, "": false, "winter.onmicrosoft.com.": false, "win ter.onmicrosoft.com": false,
	} {
		if got := validDomain(name); got != want {
			t.Errorf("validDomain(%q) = %t", name, got)
		}
	}
}

func TestBillingEmails(t *testing.T) {
	for email, want := range map[string]bool{
		"a@winter.example": true, "a@Microsoft.com": false, "a@NORTHWIND.example": false, "a@sub.northwind.example": true, "a@notmicrosoft.com": true,
	} {
		if got := ownEmail(email, "Northwind.Example"); got != want {
			t.Errorf("ownEmail(%q) = %t", email, got)
		}
	}
}

func TestOffers(t *testing.T) {
	if !nce("CFQ7TTC0LH18:0001:CFQ7TTC0K971") || nce("5e0b1c2a-0000-4a00-8000-000000000001") {
		t.Error("an offer is NCE if its id contains a colon")
	}
	for _, c := range []struct {
		from, to string
		want     bool
	}{
		{"5e0b1c2a-0000-4a00-8000-000000000003", "5e0b1c2a-0000-4a00-8000-000000000004", true},
		{"5e0b1c2a-0000-4a00-8000-000000000004", "5e0b1c2a-0000-4a00-8000-000000000003", false},
		{"5e0b1c2a-0000-4a00-8000-000000000001", "5e0b1c2a-0000-4a00-8000-000000000004", false},
		{"DB2E705F-B82A-4024-A3D5-D88E12F2DB35", "2828BE95-46BA-4F91-B2FD-0BEF192ECF60", false},
		{"unlisted", "5e0b1c2a-0000-4a00-8000-000000000004", true},
		{"5e0b1c2a-0000-4a00-8000-000000000004", "unlisted", true},
	} {
		if got := upgradable(c.from, c.to); got != c.want {
			t.Errorf("upgradable(%s, %s) = %t", c.from, c.to, got)
		}
	}
}

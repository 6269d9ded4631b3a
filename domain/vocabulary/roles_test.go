package vocabulary_test

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
)

// roleFile is the published table; testdata holds a copy of it, byte for byte.
type roleFile struct {
	Commands roleTable            `json:"commands"`
	Policies map[string]roleTable `json:"policies"`
}

type roleTable map[string][]struct {
	Side  string        `json:"side"`
	Roles []domain.Role `json:"roles"`
}

var sides = map[string]domain.Side{"any": domain.AnySide, "provider": domain.ProviderSide, "reseller": domain.ResellerSide,
	"customer": domain.CustomerSide, "grantee": domain.GranteeSide}

func (table roleTable) grants(t *testing.T) map[string][]domain.Grant {
	out := map[string][]domain.Grant{}
	for command, lines := range table {
		for _, line := range lines {
			side, known := sides[line.Side]
			if !known {
				t.Fatalf("%s names the side %q", command, line.Side)
			}
			out[command] = append(out[command], domain.Grant{Side: side, Roles: line.Roles})
		}
	}
	return out
}

func TestTheRoleTablesAreThePublishedOnes(t *testing.T) {
	text, err := os.ReadFile("testdata/roles.json")
	if err != nil {
		t.Fatal(err)
	}
	var published roleFile
	if err := json.Unmarshal(text, &published); err != nil {
		t.Fatal(err)
	}
	want := published.Commands.grants(t)
	compareRoles(t, vocabulary.Default, want)
	compareRoles(t, "", want)
	for command, grants := range published.Policies["strict"].grants(t) {
		want[command] = grants
	}
	compareRoles(t, vocabulary.Strict, want)
}

func compareRoles(t *testing.T, p vocabulary.Policy, want map[string][]domain.Grant) {
	t.Helper()
	got := vocabulary.Roles(p)
	for _, c := range vocabulary.Commands() {
		if name := c.CommandType(); !reflect.DeepEqual(want[name], got[name]) {
			t.Errorf("policy %q: %s may be issued by %v, want %v", p, name, got[name], want[name])
		}
	}
	if len(got) != len(want) || len(got) != len(vocabulary.Commands()) {
		t.Errorf("policy %q has %d commands, published are %d", p, len(got), len(want))
	}
}

func TestAnUnknownPolicyPermitsNothing(t *testing.T) {
	if len(vocabulary.Roles("lax")) != 0 {
		t.Error("the policy lax permits something")
	}
	if _, err := vocabulary.ParsePolicy("lax"); err == nil {
		t.Error("the policy lax can be chosen")
	}
	for _, p := range []vocabulary.Policy{vocabulary.Default, vocabulary.Strict} {
		if got, err := vocabulary.ParsePolicy(string(p)); got != p || err != nil {
			t.Errorf("ParsePolicy(%q) = %q, %v", p, got, err)
		}
	}
}

func TestRolesGivesACopy(t *testing.T) {
	table := vocabulary.Roles(vocabulary.Default)
	delete(table, "ForgetContact")
	if len(vocabulary.Roles(vocabulary.Default)["ForgetContact"]) == 0 {
		t.Error("whoever asks for the table can change it")
	}
}

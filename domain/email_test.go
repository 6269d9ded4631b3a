package domain_test

import (
	"strings"
	"testing"

	"github.com/partnerledger/partnerledger/domain"
)

func TestValidEmail(t *testing.T) {
	for text, valid := range map[string]bool{
		"partner@hill.example":                     true,
		"PARTNER+tag@Hill.Example":                 true,
		"ügyfél@kőszeg.example":                    true,
		"a@b.c":                                    true,
		"":                                         false,
		"someone":                                  false,
		"someone@prospect":                         false,
		"@prospect.example":                        false,
		"some one@prospect.example":                false,
		"someone@prospect.example\n":               false,
		"some\u00a0one@prospect.example":           false,
		"one@two@prospect.example":                 false,
		"someone@":                                 false,
		"someone@.":                                false,
		"someone@.example":                         false,
		"someone@example.":                         false,
		strings.Repeat("é", 254-6) + "@b.com":      true,
		strings.Repeat("é", 255-6) + "@b.com":      false,
		"partner at treyresearch.example":          false,
		"someone@a..b":                             true,
		"someone@" + strings.Repeat("x", 300):      false,
		"someone@" + strings.Repeat("x.", 100):     true,
		"someone@" + strings.Repeat("x.", 1) + ".": true,
	} {
		if got := domain.ValidEmail(text); got != valid {
			t.Errorf("ValidEmail(%q) = %t, want %t", text, got, valid)
		}
	}
}

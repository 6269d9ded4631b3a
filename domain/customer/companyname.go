package customer

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// legalForms alone are no company's name.
var legalForms = []string{"llc", "inc", "ltd", "limited", "corp", "co", "company", "plc", "gmbh", "ag", "sa", "sas", "sarl", "srl", "spa",
	"bv", "nv", "oy", "ab", "as", "kft", "sl"}

// registered are the countries whose companies give a registration number and a phone number.
var registered = []string{"AM", "AZ", "BY", "HU", "IN", "KZ", "KG", "MD", "RU", "TJ", "UZ", "UA"}

// validCompanyName tells whether the text can be a company's full legal name: two characters or more, a
// letter or digit of any script among them, and not just a legal form.
func validCompanyName(name string) bool {
	name = strings.TrimSpace(name)
	word := strings.IndexFunc(name, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) >= 0
	return utf8.RuneCountInString(name) >= 2 && word && !slices.Contains(legalForms, strings.TrimRight(strings.ToLower(name), "."))
}

// validDomain tells whether the text is 1 to 27 letters, digits or hyphens under onmicrosoft.com.
func validDomain(name string) bool {
	prefix, found := strings.CutSuffix(strings.ToLower(name), ".onmicrosoft.com")
	return found && len(prefix) >= 1 && len(prefix) <= 27 && strings.IndexFunc(prefix, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
	}) < 0
}

// ownEmail tells whether a customer's bills may go there: not to the vendor, nor to the provider itself.
func ownEmail(email, providerDomain string) bool {
	_, host, _ := strings.Cut(email, "@")
	return !strings.EqualFold(host, "microsoft.com") && !strings.EqualFold(host, providerDomain)
}

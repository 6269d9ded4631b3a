package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// ValidEmail tells whether the text has the form of an e-mail address: at most 254 characters, exactly
// one @ with something before it, no white space, and after the @ a dot with something on both sides.
func ValidEmail(text string) bool {
	name, host, found := strings.Cut(text, "@")
	if !found || name == "" || strings.Contains(host, "@") || utf8.RuneCountInString(text) > 254 {
		return false
	}
	return strings.IndexFunc(text, unicode.IsSpace) < 0 && len(host) > 2 && strings.Contains(host[1:len(host)-1], ".")
}

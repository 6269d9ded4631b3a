package feed

import (
	"fmt"
	"strings"
)

const hexDigits = "0123456789ABCDEF"

// fit tells which bytes stand for themselves in a header. It is a table because the metadata of every event
// is looked at byte by byte.
type fit [256]bool

var (
	plain  = fitting("")
	quoted = fitting(`"`)
	spaced = fitting(` "`)
)

// fitting are printable ASCII without percent, and without space and quote unless they are kept.
func fitting(keep string) *fit {
	var f fit
	for c := byte('!'); c <= '~'; c++ {
		f[c] = c != '%' && c != '"'
	}
	for _, c := range []byte(keep) {
		f[c] = true
	}
	return &f
}

// escape percent-encodes a header value as CloudEvents asks: space, quote, percent and all that isn't
// printable ASCII. It MUST leave nothing that a NATS client alters on the way: line ends become spaces and
// white space at both ends is cut off.
func escape(value string) string { return plain.escape(value) }

// escapeJSON leaves quotes and inner spaces as they are, so that people can read JSON in a header.
func escapeJSON(value string) string {
	if strings.HasPrefix(value, " ") || strings.HasSuffix(value, " ") {
		return quoted.escape(value)
	}
	return spaced.escape(value)
}

func (f *fit) escape(value string) string {
	first := 0
	for first < len(value) && f[value[first]] {
		first++
	}
	if first == len(value) {
		return value
	}
	out := make([]byte, first, len(value)+16)
	copy(out, value)
	for i := first; i < len(value); i++ {
		if c := value[i]; f[c] {
			out = append(out, c)
		} else {
			out = append(out, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return string(out)
}

// unescape undoes both.
func unescape(value string) (string, error) {
	i := strings.IndexByte(value, '%')
	if i < 0 {
		return value, nil
	}
	out := append(make([]byte, 0, len(value)), value[:i]...)
	for ; i < len(value); i++ {
		if value[i] != '%' {
			out = append(out, value[i])
			continue
		}
		if i+2 >= len(value) {
			return "", fmt.Errorf("%q ends within a percent-encoded byte", value)
		}
		high, low := unhex(value[i+1]), unhex(value[i+2])
		if high < 0 || low < 0 {
			return "", fmt.Errorf("%q is not percent-encoded", value)
		}
		out = append(out, byte(high<<4|low))
		i += 2
	}
	return string(out), nil
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}

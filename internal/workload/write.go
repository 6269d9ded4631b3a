package workload

import (
	"strconv"

	"github.com/partnerledger/partnerledger/domain"
)

// fields is JSON being written, one field after another. Its methods append and give the longer text
// back; a comma goes before every field but the first of an object or a list.
type fields []byte

func (f fields) comma() fields {
	if n := len(f); n > 0 && f[n-1] != '{' && f[n-1] != '[' {
		return append(f, ',')
	}
	return f
}

func (f fields) key(name string) fields {
	f = append(f.comma(), '"')
	f = append(f, name...)
	return append(f, '"', ':')
}

func (f fields) open(name string) fields { return append(f.key(name), '{') }
func (f fields) close() fields           { return append(f, '}') }

func (f fields) text(name, value string) fields { return f.key(name).quote(value) }

// maybe writes a text where there is one.
func (f fields) maybe(name, value string) fields {
	if value == "" {
		return f
	}
	return f.text(name, value)
}

func (f fields) mpn(name string, value domain.MPNID) fields { return f.text(name, string(value)) }

func (f fields) id(name string, value id) fields {
	f = append(f.key(name), '"')
	return append(value.append(f), '"')
}

func (f fields) maybeID(name string, value id) fields {
	if value.none() {
		return f
	}
	return f.id(name, value)
}

func (f fields) number(name string, value int) fields {
	return strconv.AppendInt(f.key(name), int64(value), 10)
}

func (f fields) maybeNumber(name string, value int) fields {
	if value == 0 {
		return f
	}
	return f.number(name, value)
}

func (f fields) flag(name string, value bool) fields {
	return strconv.AppendBool(f.key(name), value)
}

func (f fields) moment(name string, value domain.Instant) fields {
	layout := `"2006-01-02T15:04:05Z"`
	if value%domain.Second != 0 {
		layout = `"2006-01-02T15:04:05.000Z"`
	}
	return value.Time().AppendFormat(f.key(name), layout)
}

func (f fields) list(name string, values []string) fields {
	f = append(f.key(name), '[')
	for _, v := range values {
		f = f.comma().quote(v)
	}
	return append(f, ']')
}

// quote writes a text with what JSON asks to be escaped, and nothing else escaped.
func (f fields) quote(text string) fields {
	f = append(f, '"')
	from := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		f = append(f, text[from:i]...)
		f = escape(f, c)
		from = i + 1
	}
	f = append(f, text[from:]...)
	return append(f, '"')
}

func escape(f fields, c byte) fields {
	const digits = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(f, '\\', c)
	case '\n':
		return append(f, '\\', 'n')
	default:
		return append(f, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
	}
}

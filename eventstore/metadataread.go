package eventstore

import (
	"bytes"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
)

// readJSON reads metadata in the very form in which appendJSON writes it, in a tenth of the time that the
// library takes. It gives false for everything else, right or wrong: an older form, a text with an escape or
// beyond ASCII. The library then says what that is.
func readJSON(text []byte) (m Metadata, ok bool) {
	r := form{text: text}
	m.CorrelationID = r.text1(`{"$correlationId":"`)
	m.CausationID = domain.CommandID(r.text1(`,"$causationId":"`))
	m.Actor.UserPrincipalName = r.text1(`,"actor":{"userPrincipalName":"`)
	m.Actor.TenantID = domain.TenantID(r.text1(`,"tenantId":"`))
	m.Actor.Role = domain.Role(r.text1(`,"role":"`))
	m.Actor.ApplicationID = r.textIf(`,"applicationId":"`)
	m.Command.Type = r.text1(`},"command":{"type":"`)
	m.Command.Digest = r.text1(`,"digest":"`)
	if r.is(`,"data":`) {
		m.Command.Data = r.value()
	}
	r.must(`}`)
	m.Basis = r.basis()
	m.Policy = vocabulary.Policy(r.textIf(`,"policy":"`))
	m.SchemaVersion = int(r.number(`,"schemaVersion":`))
	m.At = r.instant(`,"at":"`)
	if r.is(`,"effectiveAt":"`) {
		at := r.instant("")
		m.EffectiveAt = &at
	}
	m.Provider = domain.TenantID(r.textIf(`,"provider":"`))
	m.Part = int(r.number(`,"part":`))
	m.Parts = int(r.number(`,"parts":`))
	m.Traceparent = r.textIf(`,"traceparent":"`)
	r.must(`}`)
	return m, !r.failed && len(r.text) == 0
}

// Glance reads of metadata what the feed looks at, without reading the rest twice: whose ledger the event belongs to, and
// the trace that it came in. It gives false where the text isn't in the form in which metadata is written.
func Glance(metadata []byte) (provider domain.TenantID, traceparent string, ok bool) {
	m, ok := readJSON(metadata)
	return m.Provider, m.Traceparent, ok
}

// form is text that has to go on in one way. Once it didn't, it has failed, and gives nothing more.
type form struct {
	text   []byte
	failed bool
}

// is passes over what stands there, if it does.
func (r *form) is(what string) bool {
	if r.failed || !bytes.HasPrefix(r.text, []byte(what)) {
		return false
	}
	r.text = r.text[len(what):]
	return true
}

func (r *form) must(what string) {
	if !r.is(what) {
		r.failed = true
	}
}

// text1 is the text after a prefix that ends with its opening quote.
func (r *form) text1(prefix string) string {
	r.must(prefix)
	if r.failed {
		return ""
	}
	for i, c := range r.text {
		switch {
		case c == '"':
			s := string(r.text[:i])
			r.text = r.text[i+1:]
			return s
		case c == '\\', c < ' ', c > '~':
			r.failed = true
			return ""
		}
	}
	r.failed = true
	return ""
}

// textIf is a text that is left out where it is empty.
func (r *form) textIf(prefix string) string {
	if r.failed || !bytes.HasPrefix(r.text, []byte(prefix)) {
		return ""
	}
	s := r.text1(prefix)
	if s == "" {
		r.failed = true
	}
	return s
}

func (r *form) number(prefix string) int64 {
	r.must(prefix)
	if r.failed {
		return 0
	}
	end := 0
	for end < len(r.text) && (r.text[end] == '-' || '0' <= r.text[end] && r.text[end] <= '9') {
		end++
	}
	n, err := strconv.ParseInt(string(r.text[:end]), 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != string(r.text[:end]) {
		r.failed = true
	}
	r.text = r.text[end:]
	return n
}

func (r *form) instant(prefix string) domain.Instant {
	at, err := domain.ParseInstant(r.text1(prefix))
	if err != nil {
		r.failed = true
	}
	return at
}

// value is a JSON value of any kind, checked to be one.
func (r *form) value() jsontext.Value {
	depth, quoted := 0, false
	for i := 0; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			depth++
		case c == '}', c == ']':
			if depth--; depth == 0 {
				v := jsontext.Value(r.text[: i+1 : i+1])
				r.failed = !v.IsValid()
				r.text = r.text[i+1:]
				return v
			}
		case depth == 0: // no object, and so not what a command says
			r.failed = true
			return nil
		}
	}
	r.failed = true
	return nil
}

func (r *form) basis() []Basis {
	if !r.is(`,"basis":[`) {
		return nil
	}
	list := []Basis{}
	for !r.failed && !r.is(`]`) {
		if len(list) > 0 {
			r.must(`,`)
		}
		b := Basis{Stream: r.text1(`{"stream":"`), Revision: Revision(r.number(`,"revision":`))}
		b.Abandoned = r.is(`,"abandoned":true`)
		r.must(`}`)
		list = append(list, b)
	}
	return list
}

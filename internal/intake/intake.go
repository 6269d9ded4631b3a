// Package intake turns one line of the wire into a command that the ledger can decide, or says clearly
// what is wrong with it. It is the only place where commands from outside are read.
//
// The vocabulary's JSON schema says what can be read; it stands beside the commands in
// domain/vocabulary. What may be done is said later, by the rules.
package intake

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
)

// Line is one command on the wire. At may be absent: then it is now. Expect is for checkers and no part
// of the command.
type Line struct {
	CommandID string         `json:"commandId"`
	Type      string         `json:"type"`
	At        moment         `json:"at,omitzero"`
	Actor     *domain.Actor  `json:"actor,omitzero"`
	Data      jsontext.Value `json:"data"`
	Expect    jsontext.Value `json:"expect,omitzero"`
}

// moment is the time of a line, nil if it has none. null is no time: it would let a line of history count
// as said today.
type moment struct{ at *domain.Instant }

// UnmarshalJSON reads a time and nothing else.
func (m *moment) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, &m.at); err != nil || m.at == nil {
		return errors.New("no time") // the text stays out of it
	}
	return nil
}

// How far a client's clock may differ from the ledger's without being refused.
const (
	futureTolerance = 5 * domain.Second
	pastTolerance   = 5 * domain.Minute
)

// Options say how a Reader reads.
type Options struct {
	// AllowHistory accepts commands of the past as what they are: history being imported, in the order
	// of its own times. Without it a command's time is the present.
	AllowHistory bool
	// Now is the ledger's clock.
	Now func() time.Time
	// Digest is a keyed fingerprint; see seal.
	Digest func([]byte) string
}

// Reader reads lines. It is safe for concurrent use.
type Reader struct {
	options Options
	schema  *schema
	types   map[string]reflect.Type
}

// NewReader compiles the vocabulary's schema. An error means that the program itself is broken.
func NewReader(o Options) (*Reader, error) {
	s, err := compile(vocabulary.Schema)
	if err != nil {
		return nil, err
	}
	r := &Reader{options: o, schema: s, types: map[string]reflect.Type{}}
	for _, c := range vocabulary.Commands() {
		r.types[c.CommandType()] = reflect.TypeOf(c)
	}
	return r, nil
}

// Read gives the request in the line. What can't be read comes back as *Fault, together with as much of
// the command's id as could be read.
func (r *Reader) Read(line []byte) (eventstore.Request, error) {
	var l Line
	if err := json.Unmarshal(line, &l, json.RejectUnknownMembers(true)); err != nil {
		return partial(l), envelopeFault(err)
	}
	in, err := r.intent(l)
	if err != nil {
		return partial(l), err
	}
	digest, err := r.digest(l, in.Actor)
	if err != nil {
		return partial(l), err
	}
	history := r.options.AllowHistory && l.At.at != nil
	if historic, ok := in.Command.(domain.Historic); ok && !history {
		in.Command = historic.InLiveBusiness()
	}
	return eventstore.Request{Intent: in, Digest: digest, History: history}, nil
}

func partial(l Line) eventstore.Request {
	if !canonicalUUID.MatchString(l.CommandID) {
		return eventstore.Request{}
	}
	return eventstore.Request{Intent: domain.Intent{ID: domain.CommandID(l.CommandID)}}
}

var canonicalUUID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

func (r *Reader) intent(l Line) (domain.Intent, error) {
	if err := wellFormed(l); err != nil {
		return domain.Intent{}, err
	}
	typ, known := r.types[l.Type]
	if !known {
		return domain.Intent{}, &Fault{Code: UnknownCommand, Field: "/type", Message: fmt.Sprintf("There is no command %q; the vocabulary lists those there are.", clip(l.Type))}
	}
	if err := r.schema.check(l.Type, l.Data); err != nil {
		return domain.Intent{}, err
	}
	target := reflect.New(typ)
	if err := json.Unmarshal(l.Data, target.Interface(), json.RejectUnknownMembers(true)); err != nil {
		return domain.Intent{}, dataFault(err)
	}
	at, err := r.time(l.At.at)
	if err != nil {
		return domain.Intent{}, err
	}
	return domain.Intent{ID: domain.CommandID(l.CommandID), At: at, Actor: *l.Actor, Command: target.Elem().Interface().(domain.Command)}, nil
}

// wellFormed checks what stands around the data.
func wellFormed(l Line) error {
	switch {
	case l.CommandID == "":
		return missing("/commandId")
	case !canonicalUUID.MatchString(l.CommandID):
		return &Fault{Code: InvalidField, Field: "/commandId", Message: "The command id must be a UUID in lower-case canonical form."}
	case l.Type == "":
		return missing("/type")
	case l.Data == nil:
		return missing("/data")
	case l.Actor == nil:
		return missing("/actor")
	}
	return checkActor(*l.Actor)
}

func checkActor(a domain.Actor) error {
	name := utf8.RuneCountInString(a.UserPrincipalName)
	switch {
	case name == 0:
		return missing("/actor/userPrincipalName")
	case a.TenantID == "":
		return missing("/actor/tenantId")
	case a.Role == "":
		return missing("/actor/role")
	case name < 3 || name > 254:
		return &Fault{Code: InvalidField, Field: "/actor/userPrincipalName", Message: "The user principal name must have 3 to 254 characters."}
	case !canonicalUUID.MatchString(string(a.TenantID)):
		return &Fault{Code: InvalidField, Field: "/actor/tenantId", Message: "The tenant id must be a UUID in lower-case canonical form."}
	}
	switch a.Role {
	case domain.GlobalAdmin, domain.UserManagementAdmin, domain.AdminAgent, domain.SalesAgent,
		domain.HelpdeskAgent, domain.BillingAdmin, domain.Auditor, domain.ReferenceFeed:
		return nil
	}
	return &Fault{Code: InvalidField, Field: "/actor/role", Message: fmt.Sprintf("There is no role %q.", clip(string(a.Role)))}
}

// time gives the moment at which the command counts as issued.
func (r *Reader) time(at *domain.Instant) (domain.Instant, error) {
	now := domain.InstantOf(r.options.Now())
	switch {
	case at == nil:
		return now, nil
	case *at > now+futureTolerance:
		return 0, &Fault{Code: TimeInFuture, Field: "/at", Message: "The command's time lies in the future."}
	case r.options.AllowHistory:
		return *at, nil
	case *at < now-pastTolerance:
		return 0, &Fault{Code: HistoryNotAllowed, Field: "/at", Message: "The command's time lies in the past; history can be imported only where the daemon was started with --allow-history."}
	}
	return now, nil
}

// digest covers what makes a command the same when it is said again: type, actor and data.
func (r *Reader) digest(l Line, actor domain.Actor) (string, error) {
	content, err := json.Marshal(struct {
		Type  string         `json:"type"`
		Actor domain.Actor   `json:"actor"`
		Data  jsontext.Value `json:"data"`
	}{l.Type, actor, l.Data})
	if err != nil {
		return "", fmt.Errorf("digest of command %s: %w", l.CommandID, err)
	}
	canonical := jsontext.Value(content)
	if err := canonical.Canonicalize(); err != nil {
		return "", fmt.Errorf("digest of command %s: %w", l.CommandID, err)
	}
	return r.options.Digest(canonical), nil
}

// envelopeFault says what is wrong with the line itself; it never quotes a value, which may be personal.
func envelopeFault(err error) error {
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		field := string(semantic.JSONPointer)
		if errors.Is(semantic.Err, json.ErrUnknownName) {
			return &Fault{Code: UnknownField, Field: field, Message: fmt.Sprintf("There is no field %s in a command.", clip(field))}
		}
		if field == "/at" {
			return &Fault{Code: InvalidField, Field: field, Message: "The time must be RFC 3339 in UTC with Z and at most milliseconds."}
		}
		return &Fault{Code: WrongType, Field: field, Message: fmt.Sprintf("The value at %s has the wrong type.", orLine(field))}
	}
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return &Fault{Code: NotJSON, Field: string(syntactic.JSONPointer), Message: fmt.Sprintf("The line isn't one JSON object: %v at byte %d.", plain(syntactic.Err), syntactic.ByteOffset)}
	}
	return &Fault{Code: NotJSON, Message: "The line isn't one JSON object."}
}

// dataFault is for what the schema lets pass and the command's type doesn't: it names the field only.
func dataFault(err error) error {
	field := "/data"
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		field += string(semantic.JSONPointer)
	}
	return &Fault{Code: InvalidField, Field: field, Message: fmt.Sprintf("The value at %s can't be read.", clip(field))}
}

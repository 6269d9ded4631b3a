package feed

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/nats-io/nats.go"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/eventstore"
)

// The headers of a message. They are frozen; those with "ce-" are CloudEvents attributes.
const (
	headerSpecVersion = "ce-specversion"
	headerID          = "ce-id"
	headerSource      = "ce-source"
	headerType        = "ce-type"
	headerTime        = "ce-time"
	headerSubject     = "ce-subject" // the event's stream
	headerContentType = "ce-datacontenttype"
	headerDataRef     = "ce-dataref" // stands instead of data and metadata that are too large to carry
	headerSeq         = "ce-seq"
	headerPosition    = "ce-position"
	headerPrevious    = "ce-prevposition" // the position of the message before; -1 in the first
	headerRevision    = "ce-streamrevision"
	headerTraceparent = "ce-traceparent"
	headerMetadata    = "Ledger-Metadata" // the event's metadata as JSON, percent-encoded where a header demands it
	headerRelay       = "Ledger-Relay"    // the run of the relay that published it; no part of the event

	headerMessageID    = "Nats-Msg-Id" // the position
	headerExpectedID   = "Nats-Expected-Last-Msg-Id"
	headerExpectedLast = "Nats-Expected-Last-Sequence"
)

const (
	specVersion = "1.0"
	eventSource = "urn:partnerledger"
	contentType = "application/json"
	dataRefRoot = "urn:partnerledger:event:"
)

const (
	// maxHeaders is what a message's headers may take: JetStream refuses more than 64 KiB.
	maxHeaders = 64<<10 - 1
	// relayHeaders is left for what the relay adds.
	relayHeaders = 256
	headerCount  = 18
)

// ErrNotAnEvent says that a message isn't one of the feed: something else published it, or it was damaged.
var ErrNotAnEvent = errors.New("the message is not an event of the feed")

// Message is one event on its way through the feed.
//
// Parse of what NATS makes MUST give the same message back, whatever bytes the event holds, except that
// empty data and metadata are nil then, Created is in UTC, and data and metadata that don't fit into a
// message are Omitted; whoever needs them reads the event from the log.
type Message struct {
	Event    eventstore.Sequenced
	Previous eventstore.Position // of the message before; Beginning in the first
	Omitted  bool
}

// NATS is the message as it is published, in at most limit bytes.
func (m Message) NATS(limit int64) (*nats.Msg, error) {
	out, headers := m.build(m.Omitted)
	if !m.Omitted && !fits(headers, out, limit) {
		out, headers = m.build(true)
	}
	if !fits(headers, out, limit) {
		return nil, fmt.Errorf("event %s at position %d can't be carried: its headers alone exceed the limit of NATS",
			m.Event.ID, m.Event.Position)
	}
	return out, nil
}

func fits(headers int, msg *nats.Msg, limit int64) bool {
	headers += len("NATS/1.0\r\n\r\n") + relayHeaders
	return headers <= maxHeaders && int64(headers+len(msg.Data)) <= limit
}

// build also gives the size of the headers.
func (m Message) build(omit bool) (*nats.Msg, int) {
	e := m.Event
	about := peek(e.Metadata)
	set := headers{values: make([]string, 0, headerCount), header: make(nats.Header, headerCount)}
	position := strconv.FormatInt(int64(e.Position), 10)
	set.add(headerMessageID, position)
	set.add(headerSpecVersion, specVersion)
	set.add(headerID, e.ID.String())
	set.add(headerSource, eventSource)
	set.add(headerType, escape(e.Type))
	set.add(headerTime, e.Created.UTC().Format(time.RFC3339Nano))
	set.add(headerSubject, escape(e.Stream))
	set.add(headerSeq, strconv.FormatUint(e.Seq, 10))
	set.add(headerPosition, position)
	set.add(headerPrevious, strconv.FormatInt(int64(m.Previous), 10))
	set.add(headerRevision, strconv.FormatInt(int64(e.Revision), 10))
	if about.Traceparent != "" {
		set.add(headerTraceparent, escape(about.Traceparent))
	}
	msg := &nats.Msg{Subject: Subject(about.Provider, e.Stream, e.Type), Header: set.header}
	if omit {
		set.add(headerDataRef, dataRefRoot+e.ID.String())
		return msg, set.size
	}
	set.add(headerContentType, contentType)
	if len(e.Metadata) > 0 {
		set.add(headerMetadata, escapeJSON(string(e.Metadata)))
	}
	msg.Data = e.Data
	return msg, set.size
}

// headers keeps all values in one slice: a slice for each, as Header.Set makes, costs more than the rest
// of building the message.
type headers struct {
	values []string
	header nats.Header
	size   int // as they go over the wire
}

func (h *headers) add(name, value string) {
	n := len(h.values)
	h.size += len(name) + len(value) + len(": \r\n")
	h.values = append(h.values, value)
	h.header[name] = h.values[n : n+1 : n+1]
}

// glance is what the feed itself looks at in the metadata. To the feed metadata is opaque, so what can't be
// read counts as absent: it is for readers of the event to complain.
type glance struct {
	Provider    domain.TenantID `json:"provider"`
	Traceparent string          `json:"traceparent"`
}

func peek(metadata []byte) glance {
	var about glance
	var quick bool
	if about.Provider, about.Traceparent, quick = eventstore.Glance(metadata); !quick {
		if len(metadata) == 0 || json.Unmarshal(metadata, &about) != nil {
			return glance{}
		}
	}
	about.Traceparent = about.Traceparent[:min(len(about.Traceparent), 256)]
	return about
}

// Parse reads a message. It returns an error that is ErrNotAnEvent if the message isn't of the feed's form.
func Parse(header nats.Header, data []byte) (Message, error) {
	p := parser{header: header}
	if version := p.text(headerSpecVersion); p.err == nil && version != specVersion {
		p.fail(headerSpecVersion, errors.New("not "+specVersion))
	}
	m := Message{Event: eventstore.Sequenced{
		Recorded: eventstore.Recorded{
			Stream:   p.text(headerSubject),
			Revision: eventstore.Revision(p.integer(headerRevision)),
			Position: eventstore.Position(p.integer(headerPosition)),
			ID:       p.uuid(headerID),
			Type:     p.text(headerType),
			Created:  p.time(headerTime),
		},
		Seq: p.unsigned(headerSeq),
	}, Previous: eventstore.Position(p.integer(headerPrevious))}
	m.Omitted = len(header[headerDataRef]) > 0
	if len(header[headerMetadata]) > 0 && !m.Omitted {
		m.Event.Metadata = []byte(p.text(headerMetadata))
	}
	if len(data) > 0 && !m.Omitted {
		m.Event.Data = data
	}
	if p.err == nil && m.Previous >= m.Event.Position {
		p.fail(headerPrevious, errors.New("not before "+headerPosition))
	}
	if p.err != nil {
		return Message{}, p.err
	}
	return m, nil
}

// parser keeps the first error, so that reading a message is a plain list of its headers.
type parser struct {
	header nats.Header
	err    error
}

func (p *parser) fail(name string, err error) {
	if p.err == nil {
		p.err = fmt.Errorf("%w: header %s: %w", ErrNotAnEvent, name, err)
	}
}

func (p *parser) raw(name string) string {
	values := p.header[name]
	if len(values) != 1 {
		p.fail(name, fmt.Errorf("expected once, found %d times", len(values)))
		return ""
	}
	return values[0]
}

func (p *parser) text(name string) string {
	text, err := unescape(p.raw(name))
	if err != nil {
		p.fail(name, err)
	}
	return text
}

func (p *parser) integer(name string) int64 {
	n, err := strconv.ParseInt(p.raw(name), 10, 64)
	if err != nil {
		p.fail(name, err)
	}
	return n
}

func (p *parser) unsigned(name string) uint64 {
	n, err := strconv.ParseUint(p.raw(name), 10, 64)
	if err != nil {
		p.fail(name, err)
	}
	return n
}

func (p *parser) uuid(name string) uuid.UUID {
	id, err := uuid.Parse(p.raw(name))
	if err != nil {
		p.fail(name, err)
	}
	return id
}

func (p *parser) time(name string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, p.raw(name))
	if err != nil {
		p.fail(name, err)
	}
	return t.UTC()
}

package esdbnode

import (
	"errors"
	"io"
	"math"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc/codes"
)

// allName is the name under which the whole log can be read.
const allName = "$all"

// Read answers reads and subscriptions; the protocol has one method for both.
func (s *streamsService) Read(req *streams.ReadReq, call streams.Streams_ReadServer) error {
	r, err := s.newReader(req.GetOptions(), call)
	if err == nil {
		err = s.node.faults.before(call.Context())
	}
	if err == nil {
		err = r.run()
	}
	// Some clients take an answer that ends before their own half of the call has ended for a broken connection.
	if e := call.RecvMsg(&streams.ReadReq{}); err == nil && !errors.Is(e, io.EOF) {
		err = e
	}
	if err != nil {
		return fail(call, err)
	}
	return nil
}

// reader serves one read or subscription.
type reader struct {
	node   *Node
	call   streams.Streams_ReadServer
	stream string // empty for $all
	filter *filter

	subscribe bool
	backwards bool
	from      start
	left      uint64
	asString  bool
	links     bool
	// oldest hides events created before, in ticks.
	oldest int64

	cutAfter int
	cut      bool
}

// start is where a read begins.
type start struct {
	kind  startKind
	value uint64 // a revision, or a position in $all
}

type startKind int

const (
	fromStart startKind = iota
	fromEnd
	fromValue
)

func (s *streamsService) newReader(o *streams.ReadReq_Options, call streams.Streams_ReadServer) (*reader, error) {
	r := &reader{node: s.node, call: call, backwards: o.GetReadDirection() == streams.ReadReq_Options_Backwards}
	if err := r.parseSource(o); err != nil {
		return nil, err
	}
	switch count := o.GetCountOption().(type) {
	case *streams.ReadReq_Options_Count:
		r.left = count.Count
	case *streams.ReadReq_Options_Subscription:
		r.subscribe, r.left = true, math.MaxUint64
	default:
		return nil, invalid("a read needs a count or a subscription")
	}
	if r.subscribe && r.backwards {
		return nil, invalid("a subscription reads forwards")
	}
	r.links = o.GetResolveLinks()
	if given, ok := o.GetFilterOption().(*streams.ReadReq_Options_Filter); ok {
		f, err := newFilter(given.Filter, r.stream)
		if err != nil {
			return nil, err
		}
		r.filter = f
	}
	_, r.asString = o.GetUuidOption().GetContent().(*streams.ReadReq_Options_UUIDOption_String_)
	r.cutAfter, r.cut = s.node.faults.cut()
	return r, s.node.allow(call.Context(), actionRead, r.source())
}

func (r *reader) parseSource(o *streams.ReadReq_Options) error {
	switch source := o.GetStreamOption().(type) {
	case *streams.ReadReq_Options_Stream:
		r.stream = string(source.Stream.GetStreamIdentifier().GetStreamName())
		if r.stream == "" || len(r.stream) > nameLimit {
			return invalid("the stream name is missing or too long")
		}
		switch at := source.Stream.GetRevisionOption().(type) {
		case *streams.ReadReq_Options_StreamOptions_Revision:
			r.from = start{fromValue, at.Revision}
		case *streams.ReadReq_Options_StreamOptions_End:
			r.from = start{kind: fromEnd}
		}
	case *streams.ReadReq_Options_All:
		switch at := source.All.GetAllOption().(type) {
		case *streams.ReadReq_Options_AllOptions_Position:
			r.from = start{fromValue, at.Position.GetCommitPosition()}
		case *streams.ReadReq_Options_AllOptions_End:
			r.from = start{kind: fromEnd}
		}
	default:
		return invalid("a read needs a stream or $all")
	}
	return nil
}

// source is the name of what is read.
func (r *reader) source() string {
	if r.stream == "" {
		return allName
	}
	return r.stream
}

func (r *reader) run() error {
	if r.subscribe {
		return r.follow()
	}
	v := r.view()
	if v.tombstoned {
		return streamDeleted(r.stream)
	}
	limits, err := r.node.limits(r.stream, v)
	if err != nil {
		return err
	}
	if r.stream != "" && (v.events.len() == 0 || limits.deleted()) {
		return r.call.Send(&streams.ReadResp{Content: &streams.ReadResp_StreamNotFound_{
			StreamNotFound: &streams.ReadResp_StreamNotFound{StreamIdentifier: identifier(r.stream)},
		}})
	}
	left, err := r.selected(v.events)
	if err != nil {
		return err
	}
	r.oldest = limits.oldest(r.node.now())
	left.from = max(left.from, int(limits.first(v.events.len())))
	for !left.empty() && r.left > 0 {
		var p page
		p, left = r.turn(v, left)
		if err := r.sendPage(p); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) view() view {
	if r.stream == "" {
		return r.node.index.viewAll()
	}
	return r.node.index.viewStream(r.stream)
}

// selected is the part of the events that a read from r.from can come to.
func (r *reader) selected(events sequence) (span, error) {
	if r.from.kind == fromStart && r.backwards {
		// In a stream, backwards from the start is the first event alone; $all begins before its first event.
		if r.stream == "" {
			return span{}, nil
		}
		return span{0, min(1, events.len())}, nil
	}
	if r.from.kind == fromEnd && r.backwards || r.from.kind == fromStart {
		return span{0, events.len()}, nil
	}
	if r.from.kind == fromEnd {
		return span{}, nil
	}
	return r.selectedFrom(events)
}

func (r *reader) selectedFrom(events sequence) (span, error) {
	if r.stream != "" {
		n := uint64(events.len())
		if r.backwards {
			return span{0, int(min(n, satAdd(r.from.value, 1)))}, nil
		}
		return span{int(min(n, r.from.value)), int(n)}, nil
	}
	i, err := place(events, r.from.value)
	if err != nil {
		return span{}, err
	}
	// From a position, $all is inclusive forwards and exclusive backwards.
	if r.backwards {
		return span{0, i}, nil
	}
	return span{i, events.len()}, nil
}

// place finds the event at a position of $all. A position that is no event's comes from another log, and going on from
// somewhere near it would lose or repeat events silently.
func place(events sequence, position uint64) (int, error) {
	i, exact := events.find(position)
	if !exact && position != 0 {
		return 0, invalid("Trying to read from an invalid position.")
	}
	return i, nil
}

func satAdd(a, b uint64) uint64 {
	if a > math.MaxUint64-b {
		return math.MaxUint64
	}
	return a + b
}

// turn cuts the next page off, no larger than what can still be sent.
func (r *reader) turn(v view, left span) (page, span) {
	most := pageSize
	if r.filter == nil && r.oldest == 0 && r.left < pageSize {
		most = int(r.left)
	}
	return v.stretch(left, most, r.backwards)
}

// sendPage reads a page and sends what passes the filter, in the read's direction.
func (r *reader) sendPage(p page) error {
	return r.node.each(p, r.backwards, func(frame []byte) (bool, error) {
		wanted, err := r.wants(frame)
		if err == nil && wanted {
			err = r.send(frame)
		}
		return r.left > 0, err
	})
}

// wants tells whether an event is to be shown: neither filtered out nor too old.
func (r *reader) wants(frame []byte) (bool, error) {
	if r.filter == nil && r.oldest == 0 {
		return true, nil
	}
	s, err := parseFrame(frame)
	if err != nil {
		return false, err
	}
	return r.shows(s), nil
}

func (r *reader) shows(s stored) bool {
	return (r.filter == nil || r.filter.wants(s)) && s.ticks() >= r.oldest
}

// send hands one event to the client.
func (r *reader) send(frame []byte) error {
	if r.cut && r.cutAfter == 0 {
		return &refusal{code: codes.Unavailable, message: "read cut on demand"}
	}
	r.cutAfter--
	r.left--
	if r.links {
		var err error
		if frame, err = r.resolve(frame); err != nil {
			return err
		}
	}
	if r.asString {
		return r.sendDecoded(frame)
	}
	return r.call.SendMsg(rawFrame(frame))
}

// sendDecoded sends an event to a client that wants ids as strings, which no stored frame has.
func (r *reader) sendDecoded(frame []byte) error {
	resp, err := decodeFrame(frame)
	if err == nil {
		err = useStringIDs(resp)
	}
	if err != nil {
		return err
	}
	return r.call.Send(resp)
}

package esdbnode

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
)

// sendBatch is how many messages a reader's goroutine fetches from the log at a time.
const sendBatch = 16

// groupReader is a client that takes messages of a group. Its fields are guarded by the group's lock; what never changes
// is not.
type groupReader struct {
	group *group
	// size is how many messages the client wants to have at a time.
	size       int
	connection string
	user       string

	inFlight int
	// queue holds what is to be sent, ready wakes the goroutine that sends, and failure, once set, ends it.
	queue   []*delivery
	ready   chan struct{}
	failure error

	stats readerStats
}

// room is how many more messages the reader takes.
func (r *groupReader) room() int { return r.size - r.inFlight }

func (r *groupReader) take(d *delivery) {
	r.inFlight++
	r.stats.given++
	r.queue = append(r.queue, d)
	r.wake()
}

// release gives a message back, be it sent or not.
func (r *groupReader) release(d *delivery) {
	r.inFlight--
	r.queue = slices.DeleteFunc(r.queue, func(other *delivery) bool { return other == d })
	if r.group.settings.ExtraStatistics {
		r.stats.observe(time.Since(d.since))
	}
}

// drop ends the reader's call with an error.
func (r *groupReader) drop(why error) {
	if r.failure == nil {
		r.failure = why
	}
	r.wake()
}

func (r *groupReader) wake() {
	select {
	case r.ready <- struct{}{}:
	default:
	}
}

// outgoing is a message that is being sent. The reader may lose the message meanwhile; that does not hurt.
type outgoing struct {
	position uint64
	retries  int32
	resolve  bool
}

// next takes what is to be sent, and waits until there is something.
func (r *groupReader) next(ctx context.Context) ([]outgoing, error) {
	for {
		list, err := r.dequeue()
		if err != nil || len(list) > 0 {
			return list, err
		}
		select {
		case <-r.ready:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (r *groupReader) dequeue() ([]outgoing, error) {
	r.group.mu.Lock()
	defer r.group.mu.Unlock()
	if r.failure != nil {
		return nil, r.failure
	}
	n := min(len(r.queue), sendBatch)
	var list []outgoing
	for _, d := range r.queue[:n] {
		list = append(list, outgoing{d.position, d.retries, d.replayed || r.group.settings.ResolveLinks})
	}
	r.queue = r.queue[n:]
	return list, nil
}

// groupCall is one call of Read.
type groupCall struct {
	node     *Node
	call     persistent.PersistentSubscriptions_ReadServer
	asString bool
	cutAfter int
	cut      bool
}

// Read hands out a group's messages and takes the answers to them.
func (s *persistentService) Read(call persistent.PersistentSubscriptions_ReadServer) error {
	c := &groupCall{node: s.node, call: call}
	if err := c.serve(); err != nil {
		return fail(call, err)
	}
	return nil
}

func (c *groupCall) serve() error {
	first, err := c.call.Recv()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	r, err := c.open(first.GetOptions())
	if err != nil {
		return err
	}
	if err := r.group.join(r); err != nil {
		return err
	}
	defer r.group.leave(r)
	c.node.groups.running.Go(func() { c.receive(r) })
	if err := c.confirm(r.group.settings.key()); err != nil {
		return err
	}
	for {
		list, err := r.next(c.call.Context())
		if err != nil {
			return err
		}
		if err := c.send(list); err != nil {
			return err
		}
	}
}

// open reads the options, which come first.
func (c *groupCall) open(o *persistent.ReadReq_Options) (*groupReader, error) {
	switch {
	case o == nil:
		return nil, invalid("the options have to come first")
	case o.GetBufferSize() <= 0:
		return nil, invalid("the buffer size has to be greater than 0")
	}
	if err := c.node.faults.before(c.call.Context()); err != nil {
		return nil, err
	}
	stream := sourceName(o.GetStreamIdentifier(), o.GetAll())
	if err := c.node.allow(c.call.Context(), actionRead, stream); err != nil {
		return nil, err
	}
	g, err := c.node.groups.find(stream, o.GetGroupName())
	if err != nil {
		return nil, err
	}
	_, c.asString = o.GetUuidOption().GetContent().(*persistent.ReadReq_Options_UUIDOption_String_)
	c.cutAfter, c.cut = c.node.faults.cut()
	return &groupReader{
		group: g, size: int(o.GetBufferSize()), ready: make(chan struct{}, 1),
		connection: connectionName(c.call.Context()), user: principalOf(c.call.Context()).login,
	}, nil
}

// connectionName is what the client calls itself.
func connectionName(ctx context.Context) string {
	if names := metadata.ValueFromIncomingContext(ctx, "connection-name"); len(names) > 0 {
		return names[0]
	}
	return "<unknown>"
}

func (c *groupCall) confirm(id string) error {
	return c.call.Send(&persistent.ReadResp{Content: &persistent.ReadResp_SubscriptionConfirmation_{
		SubscriptionConfirmation: &persistent.ReadResp_SubscriptionConfirmation{SubscriptionId: id},
	}})
}

// receive takes the reader's answers until there are no more. A client that has closed its half goes on being sent to, as
// far as it left room.
func (c *groupCall) receive(r *groupReader) {
	for {
		m, err := c.call.Recv()
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			err = r.answer(m)
		}
		if err != nil {
			r.group.mu.Lock()
			defer r.group.mu.Unlock()
			r.drop(err)
			return
		}
	}
}

func (r *groupReader) answer(m *persistent.ReadReq) error {
	switch content := m.GetContent().(type) {
	case *persistent.ReadReq_Ack_:
		ids, err := parseUUIDs(content.Ack.GetIds())
		if err != nil {
			return err
		}
		r.group.ack(ids)
	case *persistent.ReadReq_Nack_:
		ids, err := parseUUIDs(content.Nack.GetIds())
		if err != nil {
			return err
		}
		r.group.nack(ids, content.Nack.GetAction(), content.Nack.GetReason())
	default:
		return invalid("neither an ack nor a nack")
	}
	return nil
}

func parseUUIDs(list []*shared.UUID) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	for _, one := range list {
		id, err := parseUUID(one)
		if err != nil {
			return nil, invalid(err.Error())
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// send reads events from the log and sends them.
func (c *groupCall) send(list []outgoing) error {
	var positions []uint64
	for _, o := range list {
		positions = append(positions, o.position)
	}
	frames, err := c.node.log.frames(positions)
	if err != nil {
		return err
	}
	for i, o := range list {
		if frames[i] == nil {
			continue // compaction removed it since
		}
		if c.cut && c.cutAfter == 0 {
			return &refusal{code: codes.Unavailable, message: "read cut on demand"}
		}
		c.cutAfter--
		resp, err := c.message(frames[i], o)
		if err != nil {
			return err
		}
		if err := c.call.Send(resp); err != nil {
			return err
		}
	}
	return nil
}

// message makes the answer out of a stored event, which differs from that of a plain read in the count of retries alone.
func (c *groupCall) message(frame []byte, o outgoing) (*persistent.ReadResp, error) {
	resp, err := decodeMessage(frame)
	if err != nil {
		return nil, err
	}
	event := resp.GetEvent()
	event.Count = &persistent.ReadResp_ReadEvent_RetryCount{RetryCount: o.retries}
	if o.resolve && event.GetEvent().GetMetadata()[keyType] == linkType {
		if err := c.resolve(event); err != nil {
			return nil, err
		}
	}
	if c.asString {
		return resp, stringIDs(event.GetEvent(), event.GetLink())
	}
	return resp, nil
}

// resolve puts the target of a link beside it, when there is one to show.
func (c *groupCall) resolve(event *persistent.ReadResp_ReadEvent) error {
	event.Event, event.Link = nil, event.GetEvent()
	revision, stream, ok := parseLink(string(event.GetLink().GetData()))
	if !ok {
		return nil
	}
	if err := c.node.allow(c.call.Context(), actionRead, stream); err != nil {
		return unlessDenied(err)
	}
	frame, err := c.node.event(stream, revision)
	if err != nil || frame == nil {
		return err
	}
	target, err := decodeMessage(frame)
	if err != nil {
		return err
	}
	event.Event = target.GetEvent().GetEvent()
	return nil
}

// decodeMessage reads a frame as the answer of a persistent subscription: the two kinds of answers number their fields
// alike.
func decodeMessage(frame []byte) (*persistent.ReadResp, error) {
	resp := &persistent.ReadResp{}
	if err := proto.Unmarshal(frame, resp); err != nil {
		return nil, errors.Join(errFrame, err)
	}
	return resp, nil
}

func stringIDs(events ...*persistent.ReadResp_ReadEvent_RecordedEvent) error {
	for _, e := range events {
		if e == nil {
			continue
		}
		id, err := parseUUID(e.GetId())
		if err != nil {
			return err
		}
		e.Id = stringUUID(id)
	}
	return nil
}

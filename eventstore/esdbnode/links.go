package esdbnode

import (
	"errors"
	"strconv"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/protobuf/proto"
)

// linkType marks an event that points at another: its data is revision@stream.
const linkType = "$>"

// resolve follows a link and returns the answer with both events; what is no link stays as it is. A target that is gone
// leaves the link alone in the answer.
func (r *reader) resolve(frame []byte) ([]byte, error) {
	s, err := parseFrame(frame)
	if err != nil || string(s.eventType) != linkType {
		return frame, err
	}
	target, err := r.target(string(s.data))
	if err != nil {
		return nil, err
	}
	return linkedFrame(frame, target, s.position), nil
}

// linkedFrame puts the recorded events of two frames into one answer, without taking them apart.
func linkedFrame(link, target []byte, position uint64) []byte {
	inner := make([]byte, 0, len(link)+len(target)+16)
	if target != nil {
		inner = appendBytes(inner, fieldReadEvent, recordedIn(target))
	}
	inner = appendBytes(inner, fieldReadLink, recordedIn(link))
	inner = appendVarint(inner, fieldReadPosition, position)
	return appendBytes(make([]byte, 0, len(inner)+16), fieldRespEvent, inner)
}

// recordedIn is the recorded event inside a frame.
func recordedIn(frame []byte) []byte {
	return subfield(subfield(frame, fieldRespEvent), fieldReadEvent)
}

// target reads the event that a link names, nil when there is none to show.
func (r *reader) target(link string) ([]byte, error) {
	revision, stream, ok := parseLink(link)
	if !ok {
		return nil, nil
	}
	// A link is no way around the access of its target. EventStoreDB does show the target.
	if err := r.node.allow(r.call.Context(), actionRead, stream); err != nil {
		return nil, unlessDenied(err)
	}
	return r.node.event(stream, revision)
}

func parseLink(link string) (revision uint64, stream string, ok bool) {
	number, stream, ok := strings.Cut(link, "@")
	revision, err := strconv.ParseUint(number, 10, 63)
	return revision, stream, ok && err == nil
}

// event reads an event by its place in a stream, nil when there is none to show.
func (n *Node) event(stream string, revision uint64) ([]byte, error) {
	v := n.index.viewStream(stream)
	limits, err := n.limits(stream, v)
	if err != nil {
		return nil, err
	}
	count := v.events.len()
	if v.tombstoned || revision >= uint64(count) || revision < limits.first(count) {
		return nil, nil
	}
	frame, err := n.log.frame(v.events.at(int(revision)))
	if errors.Is(err, errGone) {
		return nil, nil
	}
	if err == nil && v.links != nil {
		return v.links.frame(int(revision), frame)
	}
	return frame, err
}

func decodeFrame(frame []byte) (*streams.ReadResp, error) {
	resp := &streams.ReadResp{}
	if err := proto.Unmarshal(frame, resp); err != nil {
		return nil, errors.Join(errFrame, err)
	}
	return resp, nil
}

// useStringIDs changes the ids of an answer for clients that want them as strings.
func useStringIDs(resp *streams.ReadResp) error {
	for _, recorded := range []*streams.ReadResp_ReadEvent_RecordedEvent{resp.GetEvent().GetEvent(), resp.GetEvent().GetLink()} {
		if recorded == nil {
			continue
		}
		id, err := parseUUID(recorded.GetId())
		if err != nil {
			return err
		}
		recorded.Id = stringUUID(id)
	}
	return nil
}

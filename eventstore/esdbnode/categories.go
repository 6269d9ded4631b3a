package esdbnode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// The standard projections of EventStoreDB write links to every event into further streams, by category, by type and one
// for every stream. Here these streams are computed: the index keeps for each the list of events that it links to, and
// a link comes into being when it is read. So they cost no writes, are never behind, and cannot disagree with the log.
//
//	$ce-<category>        links to the events of all streams whose names begin with the category and a hyphen
//	$et-<type>            links to the events of a type; deletions have the type $deleted
//	$streams              links to the first event of every stream
//	$category-<category>  the names of the streams of a category, in events of type $@
//
// They are numbered from 0 in the order of the log, can be read and subscribed to like other streams, with metadata of
// their own if somebody writes it, and cannot be appended to. They differ from those of the real server in what cannot
// be otherwise without storing them: a link has the position and the time of the event it points to, and $all does not
// hold the links. Who reads $all would find each event several times over, and most who do filter the links out again.
const (
	categoryPrefix        = "$ce-"
	typePrefix            = "$et-"
	categoryStreamsPrefix = "$category-"
	streamsName           = "$streams"

	// deletedType is the type under which $et- lists deletions, referenceType that of the name of a stream.
	deletedType   = "$deleted"
	referenceType = "$@"
	separator     = '-'
)

// computed is a stream that exists only in the index.
type computed struct {
	name string
	kind byte
	of   string
}

// computed tells whether a stream is one that the node computes.
func (x *index) computed(stream string) (*computed, bool) {
	if !x.projections || !strings.HasPrefix(stream, "$") {
		return nil, false
	}
	if stream == streamsName {
		return &computed{stream, listStreams, ""}, true
	}
	for _, list := range [...]struct {
		prefix string
		kind   byte
	}{{categoryPrefix, listCategory}, {typePrefix, listType}, {categoryStreamsPrefix, listCategoryStreams}} {
		if of, ok := strings.CutPrefix(stream, list.prefix); ok && of != "" {
			return &computed{stream, list.kind, of}, true
		}
	}
	return nil, false
}

// categorise puts an event into the lists of computed streams. They are kept whether or not they are served, so that an
// index file does not depend on an option.
func (x *index) categorise(event uint32, e stored) {
	of, deleted := deletion(e)
	eventType := e.eventType
	if deleted {
		eventType = []byte(deletedType)
	}
	if string(e.eventType) != linkType {
		x.join(event, listType, eventType)
	}
	category := categoryOf(of)
	if category != nil {
		x.join(event, listCategory, category)
	}
	if e.revision != 0 {
		return
	}
	x.join(event, listStreams, nil)
	if category := categoryOf(e.stream); category != nil {
		x.join(event, listCategoryStreams, category)
	}
}

// categoryOf is the part of a stream's name before the first hyphen; system streams have no category.
func categoryOf(stream []byte) []byte {
	i := bytes.IndexByte(stream, separator)
	if i <= 0 || stream[0] == '$' {
		return nil
	}
	return stream[:i]
}

// deletion tells whether an event deletes a stream, for ever or not, and names the stream that the event is about.
func deletion(e stored) (of []byte, deleted bool) {
	if described, ok := bytes.CutPrefix(e.stream, []byte(metadataPrefix)); ok {
		if string(e.eventType) == metadataType && parseLimits(e.data).deleted() {
			return described, true
		}
		return e.stream, false
	}
	return e.stream, e.revision == tombstoneRevision
}

// frame makes the event of a computed stream that stands for a stored one.
func (c *computed) frame(revision int, target []byte) ([]byte, error) {
	e, err := parseFrame(target)
	if err != nil {
		return nil, err
	}
	eventType := linkType
	if c.kind == listCategoryStreams {
		eventType = referenceType
	}
	metadata, err := json.Marshal(map[string]any{
		"$c": e.position, "$p": e.position, "$o": string(e.stream), "$causedBy": e.id,
	})
	if err != nil {
		return nil, fmt.Errorf("metadata of a link: %w", err)
	}
	created := time.Unix(e.ticks()/ticksPerSecond, e.ticks()%ticksPerSecond*100)
	link := newProposed(c.name, uuid.NewSHA1(e.id, []byte(c.name)), eventType, contentTypeBinary, metadata, c.data(e))
	return link.appendFrame(nil, created, uint64(revision), e.position), nil
}

// replace puts the events of the stream in the place of the stored ones; first is the number of the first.
func (c *computed) replace(first int, frames [][]byte) error {
	for i, frame := range frames {
		if frame == nil {
			continue
		}
		link, err := c.frame(first+i, frame)
		if err != nil {
			return err
		}
		frames[i] = link
	}
	return nil
}

// data is what the event of a computed stream says of a stored one.
func (c *computed) data(e stored) []byte {
	of := e.stream
	switch c.kind {
	case listCategoryStreams:
		return e.stream
	case listCategory:
		// A link to a link points to the end at once.
		if string(e.eventType) == linkType {
			return e.data
		}
	case listType:
		if deleted, ok := deletion(e); ok {
			of = deleted
		}
	}
	return append(strconv.AppendUint(nil, e.revision, 10), "@"+string(of)...)
}

package esdb

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/eventstore"
)

// maxAppendSize is the server's limit for the data of one append.
const maxAppendSize = 1 << 20

// Append writes the events to the stream; see eventstore.Store. Where nobody knows whether they were
// written, it sends the same again: the exact revision and the ids make that harmless.
func (s *Store) Append(ctx context.Context, stream string, expected eventstore.Revision, events ...eventstore.Proposed) (eventstore.Appended, error) {
	done, err := s.append(ctx, stream, expected, events)
	var wrong *eventstore.WrongRevision
	if err != nil && !errors.As(err, &wrong) {
		err = fmt.Errorf("append to %s: %w", stream, err)
	}
	return done, err
}

func (s *Store) append(ctx context.Context, stream string, expected eventstore.Revision, events []eventstore.Proposed) (eventstore.Appended, error) {
	if err := check(stream, expected, events); err != nil {
		return eventstore.Appended{}, err
	}
	if err := ctx.Err(); err != nil {
		return eventstore.Appended{}, err
	}
	begun := time.Now()
	proposed, options := proposals(events), client.AppendToStreamOptions{ExpectedRevision: expectation(expected)}
	for failures := 1; ; failures++ {
		result, err := try(ctx, s.conn, s.patience/tries, func(ctx context.Context, c *client.Client) (*client.WriteResult, error) {
			return c.AppendToStream(ctx, stream, options, proposed...)
		})
		if err == nil {
			return s.appended(ctx, stream, events[len(events)-1].ID, result)
		}
		switch verdictOn(err) {
		case verdictConflict:
			return eventstore.Appended{}, s.wrongRevision(ctx, stream, expected, err)
		case verdictTooLarge:
			return eventstore.Appended{}, fmt.Errorf("%w: %w", eventstore.ErrTooLarge, err)
		case verdictFinal, verdictMissing:
			return eventstore.Appended{}, err
		}
		if time.Since(begun) >= s.patience {
			return eventstore.Appended{}, unavailable(err)
		}
		if ended := s.conn.pause(ctx, failures); ended != nil {
			return eventstore.Appended{}, unavailable(errors.Join(ended, err))
		}
	}
}

func check(stream string, expected eventstore.Revision, events []eventstore.Proposed) error {
	size := 0
	for _, e := range events {
		size += len(e.Data)
	}
	switch {
	case stream == "":
		return errors.New("the stream has no name")
	case expected < eventstore.NoStream:
		return fmt.Errorf("there is no revision %d", expected)
	case len(events) == 0:
		return errors.New("there are no events to append")
	case size > maxAppendSize:
		return eventstore.ErrTooLarge
	}
	return nil
}

func proposals(events []eventstore.Proposed) []client.EventData {
	list := make([]client.EventData, len(events))
	for i, e := range events {
		list[i] = client.EventData{EventID: e.ID, EventType: e.Type, ContentType: client.ContentTypeJson, Data: e.Data, Metadata: e.Metadata}
	}
	return list
}

func expectation(expected eventstore.Revision) client.ExpectedRevision {
	if expected == eventstore.NoStream {
		return client.NoStream{}
	}
	return client.Revision(uint64(expected))
}

// appended reads the server's answer. Of a retry that it recognizes, a server may tell the revision only;
// the position is then that of the event itself.
func (s *Store) appended(ctx context.Context, stream string, last uuid.UUID, result *client.WriteResult) (eventstore.Appended, error) {
	done := eventstore.Appended{Revision: eventstore.Revision(result.NextExpectedVersion), Position: eventstore.Position(result.CommitPosition)}
	if result.CommitPosition != 0 && result.CommitPosition <= math.MaxInt64 {
		return done, nil
	}
	for e, err := range s.ReadStream(ctx, stream, done.Revision) {
		if err != nil {
			return eventstore.Appended{}, fmt.Errorf("written at revision %d, position unknown: %w", done.Revision, err)
		}
		if e.ID == last {
			done.Position = e.Position
			return done, nil
		}
		break
	}
	return eventstore.Appended{}, &unexpected{fmt.Sprintf("revision %d for an event that is not there", done.Revision)}
}

// currentRevision finds the actual revision where the client tells it: in the text of its error.
var currentRevision = regexp.MustCompile(`but got '(no_stream|[0-9]+)'`)

// wrongRevision tells both revisions. Should the client ever word its error differently, the server is asked.
func (s *Store) wrongRevision(ctx context.Context, stream string, expected eventstore.Revision, conflict error) error {
	wrong := &eventstore.WrongRevision{Stream: stream, Expected: expected, Actual: eventstore.NoStream}
	if found := currentRevision.FindStringSubmatch(conflict.Error()); found != nil {
		if found[1] == "no_stream" {
			return wrong
		}
		if actual, err := strconv.ParseInt(found[1], 10, 64); err == nil {
			wrong.Actual = eventstore.Revision(actual)
			return wrong
		}
	}
	actual, err := s.lastRevision(ctx, stream)
	if err != nil {
		return fmt.Errorf("the stream is not at revision %d: %w", expected, err)
	}
	wrong.Actual = actual
	return wrong
}

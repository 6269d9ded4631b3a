package feed

import (
	"bytes"
	"maps"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
)

func example() Message {
	return Message{
		Event: eventstore.Sequenced{
			Recorded: eventstore.Recorded{
				Stream: "partnership-a.b", Revision: 2, Position: 4711,
				ID:   uuid.MustParse("6ba7b811-9dad-41d1-80b4-00c04fd430c8"),
				Type: "PartnershipEstablished", Created: time.Date(2026, 11, 22, 14, 30, 0, 123456700, time.UTC),
				Data:     []byte(`{"reseller":"b"}`),
				Metadata: []byte(`{"provider":"a","traceparent":"00-1-2-01","note":"100 % \"sure\""}`),
			},
			Seq: 17,
		},
		Previous: 4242,
	}
}

// The form is frozen: third parties read it.
func TestTheFormOfAMessage(t *testing.T) {
	msg, err := example().NATS(1 << 20)
	require.NoError(t, err)
	require.Equal(t, "ledger.v1.a.13.partnership.PartnershipEstablished", msg.Subject)
	require.Equal(t, `{"reseller":"b"}`, string(msg.Data))
	lines := []string{}
	for _, name := range slices.Sorted(maps.Keys(msg.Header)) {
		lines = append(lines, name+": "+msg.Header.Get(name))
	}
	require.Equal(t, []string{
		`Ledger-Metadata: {"provider":"a","traceparent":"00-1-2-01","note":"100 %25 \"sure\""}`,
		"Nats-Msg-Id: 4711",
		"ce-datacontenttype: application/json",
		"ce-id: 6ba7b811-9dad-41d1-80b4-00c04fd430c8",
		"ce-position: 4711",
		"ce-prevposition: 4242",
		"ce-seq: 17",
		"ce-source: urn:partnerledger",
		"ce-specversion: 1.0",
		"ce-streamrevision: 2",
		"ce-subject: partnership-a.b",
		"ce-time: 2026-11-22T14:30:00.1234567Z",
		"ce-traceparent: 00-1-2-01",
		"ce-type: PartnershipEstablished",
	}, lines)
	for name := range msg.Header {
		if attribute, is := strings.CutPrefix(name, "ce-"); is {
			require.Regexp(t, "^[a-z0-9]+$", attribute, "CloudEvents allows no others")
		}
	}
}

// The partitions are frozen: subscribers share out work by them.
func TestPartitionsAreFrozen(t *testing.T) {
	for stream, partition := range map[string]int{"": 5, "a": 12, "partnership-a.b": 13, "customerdomain-contoso.com": 8} {
		require.Equal(t, partition, Partition(stream), stream)
	}
}

func TestSubjectsStayWhole(t *testing.T) {
	require.Equal(t, "ledger.v1.reference.5._._", Subject("", "", ""))
	require.Equal(t, "ledger.v1.a_b_.13.mpn.x_y_z", Subject("a b\n", "mpn-1.2 3", "x.y*z"))
	require.Len(t, strings.Split(Subject("é>", "kategorie.x-1", strings.Repeat("T", 500)), "."), 6)
}

func TestWhatIsNoEvent(t *testing.T) {
	for _, name := range []string{headerSpecVersion, headerID, headerType, headerTime, headerSubject,
		headerSeq, headerPosition, headerPrevious, headerRevision} {
		msg, err := example().NATS(1 << 20)
		require.NoError(t, err)
		for _, values := range [][]string{nil, {"%zz"}, {"1", "2"}} {
			msg.Header[name] = values
			_, err = Parse(msg.Header, msg.Data)
			require.ErrorIs(t, err, ErrNotAnEvent, name)
			require.ErrorContains(t, err, name)
		}
	}
	m := example()
	m.Previous = m.Event.Position
	msg, err := m.NATS(1 << 20)
	require.NoError(t, err)
	_, err = Parse(msg.Header, msg.Data)
	require.ErrorIs(t, err, ErrNotAnEvent)
}

func TestAnEventThatFitsIntoNoMessage(t *testing.T) {
	m := example()
	m.Event.Stream = strings.Repeat("s", 70_000)
	_, err := m.NATS(1 << 20)
	require.ErrorContains(t, err, "can't be carried")
}

// FuzzRoundtrip: whatever an event holds comes back from the other side of NATS.
func FuzzRoundtrip(f *testing.F) {
	e := example().Event
	f.Add(e.Stream, e.Type, e.Data, e.Metadata, int64(2), int64(4711), int64(4242), uint64(17), e.Created.UnixNano())
	f.Add("s\r\nX: y", " t ", []byte("\x00"), []byte("\n {\"a\": \"é%\"}\r\n"), int64(-1), int64(0), int64(-1), uint64(1<<63), int64(0))
	f.Add("", "%", []byte(nil), []byte("  "), int64(1<<62), int64(1<<62), int64(0), ^uint64(0), int64(-1))
	f.Add("%41", "\t", []byte("x"), bytes.Repeat([]byte{0xff}, 30_000), int64(0), int64(9), int64(8), uint64(0), int64(1))
	f.Fuzz(func(t *testing.T, stream, kind string, data, metadata []byte, revision, position, previous int64, seq uint64, nanos int64) {
		if previous >= position || len(stream)+len(kind) > 10_000 {
			return
		}
		m := Message{Event: eventstore.Sequenced{
			Recorded: eventstore.Recorded{
				Stream: stream, Type: kind, Data: some(data), Metadata: some(metadata), Revision: eventstore.Revision(revision),
				Position: eventstore.Position(position), ID: uuid.NewSHA1(uuid.Nil, data), Created: time.Unix(0, nanos).UTC(),
			}, Seq: seq}, Previous: eventstore.Position(previous)}
		msg, err := m.NATS(4 << 20)
		require.NoError(t, err)
		require.Regexp(t, `^ledger\.v1(\.[!-~]+){4}$`, msg.Subject)
		got, err := Parse(wire(t, msg.Header), msg.Data)
		require.NoError(t, err)
		if got.Omitted {
			require.Greater(t, len(data)+3*len(metadata), 60_000)
			m.Event.Data, m.Event.Metadata, m.Omitted = nil, nil, true
		}
		require.Equal(t, m, got)
	})
}

func some(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

// wire makes of the headers what NATS makes of them.
func wire(t *testing.T, header nats.Header) nats.Header {
	var b strings.Builder
	b.WriteString("NATS/1.0\r\n")
	for name, values := range header {
		for _, value := range values {
			b.WriteString(name + ": " + strings.NewReplacer("\r", " ", "\n", " ").Replace(textproto.TrimString(value)) + "\r\n")
		}
	}
	require.LessOrEqual(t, b.Len()+2, maxHeaders)
	got, err := nats.DecodeHeadersMsg([]byte(b.String() + "\r\n"))
	require.NoError(t, err)
	return got
}

// FuzzParse: whatever stands in a message, it is read or refused, and what was read can be said again.
func FuzzParse(f *testing.F) {
	msg, err := example().NATS(1 << 20)
	require.NoError(f, err)
	var text strings.Builder
	for name, values := range msg.Header {
		text.WriteString(name + ": " + values[0] + "\r\n")
	}
	f.Add(text.String(), []byte("{}"))
	f.Fuzz(func(t *testing.T, headers string, data []byte) {
		header, err := nats.DecodeHeadersMsg([]byte("NATS/1.0\r\n" + headers + "\r\n"))
		if err != nil {
			return
		}
		m, err := Parse(header, data)
		if err != nil {
			require.ErrorIs(t, err, ErrNotAnEvent)
			return
		}
		msg, err := m.NATS(64 << 20)
		if err != nil {
			return // headers too large for JetStream
		}
		again, err := Parse(msg.Header, msg.Data)
		if m.Event.Created.Year() < 0 || m.Event.Created.Year() > 9999 {
			return
		}
		require.NoError(t, err)
		if again.Omitted {
			m.Event.Data, m.Event.Metadata, m.Omitted = nil, nil, true
		}
		require.Equal(t, m, again)
	})
}

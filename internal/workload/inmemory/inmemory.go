// Package inmemory supports tests: a whole ledger in the memory of one process, from lines of commands
// to rows of read models, with nothing between that could be slow or fail. It is the ledger's own way
// of a command (reader, handler, codec), over a log in memory.
package inmemory

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/memory"
	"github.com/partnerledger/partnerledger/internal/intake"
	"github.com/partnerledger/partnerledger/projections"
)

// Line is a line that was played, and what became of it.
type Line struct {
	At       domain.Instant
	ID       domain.CommandID
	Refused  domain.Code // empty where it was accepted
	Repeated bool
}

// Ledger is a ledger in memory. New makes one.
type Ledger struct {
	Lines   []Line
	store   *memory.Store
	handler *eventstore.Handler
	reader  *intake.Reader
	codec   *eventstore.Codec
}

// New makes an empty ledger.
func New() (*Ledger, error) {
	reader, err := intake.NewReader(intake.Options{AllowHistory: true, Now: time.Now, Digest: digest})
	if err != nil {
		return nil, err
	}
	l := &Ledger{store: memory.New(), reader: reader, codec: eventstore.NewCodec(vocabulary.Events(), nil)}
	writing := eventstore.NewCodec(vocabulary.Events(), transparent{})
	l.handler = eventstore.NewHandler(l.store, writing, nothingOlder{}, eventstore.Options{SoleWriter: true})
	return l, nil
}

// digest is as long as the ledger's own, and needs no key.
func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// lineMax is the longest line that is read.
const lineMax = 1 << 22

// Play says every line of commands to the ledger.
func (l *Ledger) Play(ctx context.Context, commands io.Reader) error {
	scanner := bufio.NewScanner(commands)
	scanner.Buffer(nil, lineMax)
	for scanner.Scan() {
		if err := l.say(ctx, scanner.Bytes()); err != nil {
			return fmt.Errorf("line %d: %w", len(l.Lines)+1, err)
		}
	}
	return scanner.Err()
}

func (l *Ledger) say(ctx context.Context, text []byte) error {
	request, err := l.reader.Read(text)
	if err != nil {
		return err
	}
	o, err := l.handler.Handle(ctx, request)
	if err != nil {
		return err
	}
	line := Line{At: request.At, ID: request.ID, Repeated: o.Repeated}
	if o.Refusal != nil {
		line.Refused = o.Refusal.Code
	}
	l.Lines = append(l.Lines, line)
	return nil
}

// Events are all events recorded, as projections see them: personal texts are sealed.
func (l *Ledger) Events(ctx context.Context) ([]projections.Event, error) {
	var events []projections.Event
	for recorded, err := range l.store.ReadAll(ctx, eventstore.Beginning) {
		if err != nil {
			return nil, err
		}
		fact, meta, err := l.codec.Decode(recorded)
		if err != nil {
			return nil, err
		}
		sequenced := eventstore.Sequenced{Recorded: recorded, Seq: uint64(len(events))}
		events = append(events, projections.Event{Sequenced: sequenced, Fact: fact, Meta: meta})
	}
	return events, nil
}

// Reveal opens a text that this ledger sealed.
func Reveal(sealed string) (string, error) {
	ref, err := eventstore.ParseSealedRef(sealed)
	if err != nil {
		return "", err
	}
	return ref.Open(transparent{})
}

// transparent seals nothing: it only makes texts look sealed, so that a test finds one that leaks.
type transparent struct{}

func (transparent) Seal(subject, _, clear string) (string, error) {
	return subject + ":" + base64.RawURLEncoding.EncodeToString([]byte(clear)), nil
}

func (transparent) Open(subject, _, sealed string) (string, error) {
	clear, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(sealed, subject+":"))
	return string(clear), err
}

// nothingOlder are the outcomes of a ledger that never forgets: the handler keeps them all itself.
type nothingOlder struct{}

func (nothingOlder) Outcome(context.Context, domain.CommandID) (eventstore.Outcome, bool, error) {
	return eventstore.Outcome{}, false, nil
}

func (nothingOlder) Reflects(context.Context) (eventstore.Position, error) {
	return eventstore.Beginning, nil
}

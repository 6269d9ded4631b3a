package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/upkeep"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/wire"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// Projections are the read models as those who look after them see them; projections.Models is one. Orders are
// written down here and carried out by whichever process applies events.
type Projections interface {
	Status(ctx context.Context, head eventstore.Cursor) ([]projections.Status, error)
	OrderAll(ctx context.Context, kind projections.Kind, names ...string) ([]string, error)
	Orders(ctx context.Context, r sqldb.Reader) ([]projections.Order, error)
	Digests(ctx context.Context, names ...string) ([]projections.Digest, error)
}

// Upkeep is how people look after the read models. It needs none of them in order to answer, so that it can be asked
// while the rest of the API waits for one that stands still.
type Upkeep struct {
	Projections Projections
	DB          sqldb.Reader
	// Condition describes the running parts; see Options.Status.
	Condition func(ctx context.Context) (Status, error)
	// EventAfter gives the first event after a position of the log.
	EventAfter func(ctx context.Context, p eventstore.Position) (eventstore.Recorded, error)
	// Handler decides what has to be on record.
	Handler Handler
	// Digest is a keyed fingerprint; see seal.
	Digest func([]byte) string
	Now    func() time.Time
	Logger *slog.Logger
}

// Alone serves what Upkeep answers, and says of everything else that the ledger is starting.
func (u *Upkeep) Alone() http.Handler {
	mux := http.NewServeMux()
	u.routes(humago.New(mux, humaConfig()))
	mux.HandleFunc("/", Starting)
	return mux
}

// fault is a problem with a stable code.
type fault struct {
	*huma.ErrorModel
	Code string `json:"code"`
}

func faulty(status int, code, sentence string) error {
	return &fault{&huma.ErrorModel{Status: status, Title: http.StatusText(status), Detail: sentence}, code}
}

// skipping is a wish to skip, with what the ledger sees at present.
type skipping struct {
	name   string
	body   wire.Skip
	status projections.Status
}

// skip puts the decision on record, then lets the projection go on. Where the second fails, the same again does it.
func (u *Upkeep) skip(ctx context.Context, name string, body wire.Skip) (wire.Skipped, error) {
	s, err := u.skipping(ctx, name, body)
	if err != nil {
		return wire.Skipped{}, err
	}
	request, err := u.request(ctx, s)
	if err != nil {
		return wire.Skipped{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	outcome, err := u.Handler.Handle(ctx, request)
	answer := answerOf(string(request.ID), outcome, err)
	if answer.Status != wire.Accepted {
		if answer.Status == wire.Failed {
			u.Logger.Error("skipping an event failed", "projection", name, "error", err)
		}
		return wire.Skipped{}, faulty(statusOfSkip(answer), answer.Code, answer.Message)
	}
	orders, err := u.order(ctx, projections.OrderRetry, []string{name})
	if err != nil {
		return wire.Skipped{}, err
	}
	return wire.Skipped{CommandID: answer.CommandID, EventID: s.body.EventID, Position: answer.Position,
		Repeated: answer.Repeated || len(answer.EventIDs) == 0, Order: orders[0]}, nil
}

func statusOfSkip(a wire.Answer) int {
	if domain.Code(a.Code) == upkeep.NothingToSkip {
		return http.StatusConflict
	}
	return httpStatus(a)
}

// skipping completes the wish: unless it names an event, it means the one at which the projection stands still.
func (u *Upkeep) skipping(ctx context.Context, name string, body wire.Skip) (skipping, error) {
	status, err := u.statusOf(ctx, name)
	if err != nil {
		return skipping{}, err
	}
	body.Reason, body.UserPrincipalName = strings.TrimSpace(body.Reason), strings.TrimSpace(body.UserPrincipalName)
	s := skipping{name: name, body: body, status: status}
	switch {
	case body.Reason == "":
		return s, faulty(http.StatusUnprocessableEntity, string(upkeep.ReasonMissing), "Say why the event is skipped; the reason stays on record.")
	case len(body.UserPrincipalName) < 3:
		return s, faulty(http.StatusUnprocessableEntity, "user-missing", "Say who decides this in userPrincipalName; the name stays on record.")
	case body.EventID == "" && status.Poison == nil:
		return s, faulty(http.StatusConflict, string(upkeep.NothingToSkip), "The read model "+name+" doesn't stand still, so there is nothing to skip.")
	case body.EventID == "":
		s.body.EventID = status.Poison.Event
	}
	if s.body.CommandID == "" {
		s.body.CommandID = uuid.NewString()
	}
	return s, nil
}

// request makes a command of the wish. What identifies it is what was wished: what the ledger sees may be
// another thing when it is said again.
func (u *Upkeep) request(ctx context.Context, s skipping) (eventstore.Request, error) {
	actor := domain.Actor{UserPrincipalName: s.body.UserPrincipalName, Role: upkeep.Operator}
	c := upkeep.SkipProjectionEvent{Projection: s.name, EventID: s.body.EventID, Reason: s.body.Reason}
	content, err := json.Marshal(struct {
		Type  string                     `json:"type"`
		Actor domain.Actor               `json:"actor"`
		Data  upkeep.SkipProjectionEvent `json:"data"`
	}{c.CommandType(), actor, c})
	if err != nil {
		return eventstore.Request{}, fmt.Errorf("digest of command %s: %w", s.body.CommandID, err)
	}
	if poison := s.status.Poison; poison != nil {
		event, err := u.EventAfter(ctx, s.status.Position)
		if err != nil {
			return eventstore.Request{}, err
		}
		if event.ID.String() != poison.Event { // it has gone on meanwhile, or another stopped
			return eventstore.Request{}, faulty(http.StatusConflict, "contended", "The read model "+s.name+" has moved meanwhile; look where it stands, and ask again.")
		}
		c.StandsAt, c.EventType, c.Position = poison.Event, event.Type, int64(poison.Position)
	}
	return eventstore.Request{Digest: u.Digest(content),
		Intent: domain.Intent{ID: domain.CommandID(s.body.CommandID), At: domain.InstantOf(u.Now()), Actor: actor, Command: c}}, nil
}

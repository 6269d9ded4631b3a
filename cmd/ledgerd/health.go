package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/partnerledger/partnerledger/internal/httpapi"
	"github.com/partnerledger/partnerledger/internal/wire"
	"github.com/partnerledger/partnerledger/projections"
	"github.com/partnerledger/partnerledger/projections/outcomes"
)

// lagBound is how far behind a part may be while the process is taken for ready. A query waits for a position
// as long, so beyond it clients would not see what they just did.
const lagBound = 30 * time.Second

// checks looks at what this process needs to do its work.
//
// A process of the API needs the outcomes of commands; a read model that stands still makes it degraded, not
// unready, because the others still answer, and every instance would be taken away at once. A process that only
// projects is unready then: that work is all it has.
func (l *ledger) checks(ctx context.Context) []httpapi.Check {
	list := []httpapi.Check{l.storeCheck(ctx)}
	if l.relays() || l.projects() {
		list = append(list, l.natsCheck())
	}
	if list[0].State != httpapi.OK {
		return append(list, httpapi.Check{Name: "lag", State: httpapi.Unknown, Detail: "Without the event store nobody can tell how far the parts are."})
	}
	now, err := l.status(ctx)
	if err != nil {
		l.log.Warn("readiness could not be told", "error", err)
		return append(list, httpapi.Check{Name: "database", State: httpapi.Failing, Detail: "The database of the read models does not answer."})
	}
	list = append(list, httpapi.Check{Name: "database", State: httpapi.OK, Detail: "The database of the read models answers."})
	for _, p := range now.Parts {
		if p.Kind != wire.Source && (p.Kind == wire.Relay || l.config.plays(roleAPI) || l.config.plays(roleProjector)) {
			list = append(list, l.partCheck(p))
		}
	}
	if l.config.plays(roleAPI) {
		list = append(list, l.apiCheck())
	}
	return list
}

// storeWithin bounds the question to the event store, so that its silence leaves time for an answer.
const storeWithin = 2 * time.Second

func (l *ledger) storeCheck(ctx context.Context) httpapi.Check {
	ctx, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	if _, err := l.store.Head(ctx); err != nil {
		return httpapi.Check{Name: "event-store", State: httpapi.Failing, Detail: "The event store does not answer."}
	}
	return httpapi.Check{Name: "event-store", State: httpapi.OK, Detail: "The event store answers."}
}

func (l *ledger) natsCheck() httpapi.Check {
	if !l.conn.IsConnected() {
		return httpapi.Check{Name: "nats", State: httpapi.Failing, Detail: "NATS is not connected."}
	}
	return httpapi.Check{Name: "nats", State: httpapi.OK, Detail: "NATS is connected."}
}

// apiCheck tells whether commands are taken; before, the API waits for the read models.
func (l *ledger) apiCheck() httpapi.Check {
	if !l.front.answers() {
		return httpapi.Check{Name: "api", State: httpapi.Failing, Detail: "The API waits until the read models have caught up with the log."}
	}
	return httpapi.Check{Name: "api", State: httpapi.OK, Detail: "The API takes commands and answers questions."}
}

func (l *ledger) partCheck(p wire.Part) httpapi.Check {
	c := httpapi.Check{Name: string(p.Kind) + " " + p.Name, State: httpapi.OK, Detail: "It runs and is level with the log."}
	if p.Kind == wire.Relay {
		c.Name = p.Name
	}
	behind := 0.0
	if p.LagSeconds != nil {
		behind = *p.LagSeconds
	}
	switch {
	case p.State == string(projections.Stopped):
		c.State, c.Detail = httpapi.Degraded, "It stands still at an event that it can't apply; /v1/status says which."
		if !l.config.plays(roleAPI) || p.Name == (outcomes.Projection{}).Name() {
			c.State = httpapi.Failing
		}
	case behind > lagBound.Seconds():
		c.State, c.Detail = httpapi.Failing, fmt.Sprintf("It is %s behind the log, more than %s.", time.Duration(behind*float64(time.Second)).Round(time.Second), lagBound)
	case p.State == string(projections.Rebuilding):
		c.State, c.Detail = httpapi.Degraded, "It is being built."
	case p.State == "standby":
		c.Detail = "Another relay is at work; this one waits, and the feed is level with the log."
	case behind > 0:
		c.Detail = "It runs, and is a little behind the log."
	}
	return c
}

// starting is what a process says of itself while its parts are being opened.
func starting(context.Context) []httpapi.Check {
	return []httpapi.Check{{Name: "start", State: httpapi.Failing, Detail: "The parts of this process are being opened."}}
}

var errStarting = errors.New("the parts are being opened")

package httpapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/internal/intake"
	"github.com/partnerledger/partnerledger/internal/wire"
)

const (
	mediaJSON    = "application/json"
	mediaNDJSON  = "application/x-ndjson"
	mediaProblem = "application/problem+json"
)

// commandsInput says how a submission is kept on record.
type commandsInput struct {
	submission, name string
	line             int64
	parallel         int
}

// parallelMax is how many lines of a submission are decided side by side at most.
const parallelMax = 256

// commandsParameters are what the request may say of its submission.
var commandsParameters = []*huma.Param{
	{Name: "submission", In: "query", Schema: &huma.Schema{Type: huma.TypeString, Format: "uuid"},
		Description: "Identifies the file or stream being submitted: a line sent again under the same submission and number counts once. Default: a new one"},
	{Name: "name", In: "query", Schema: &huma.Schema{Type: huma.TypeString}, Description: "What the submission is, for people"},
	{Name: "line", In: "query", Schema: &huma.Schema{Type: huma.TypeInteger}, Description: "Number of the first line sent. Default: 1"},
	{Name: "parallel", In: "query", Schema: &huma.Schema{Type: huma.TypeInteger},
		Description: "How many lines are decided side by side, from 1 to 256, where that changes no outcome: lines about different customers, with no other line between them. " +
			"Answers stay in order. With more than 1 the facts of different customers may stand in the log in another order than in the file. Default: 1"},
}

func commandsInputOf(r *http.Request) (commandsInput, error) {
	q := r.URL.Query()
	if err := knownParameters(q); err != nil {
		return commandsInput{}, err
	}
	in := commandsInput{submission: q.Get("submission"), name: clipped(q.Get("name"))}
	if in.submission == "" {
		in.submission = uuid.NewString()
	}
	id, err := uuid.Parse(in.submission)
	if err != nil {
		return in, errors.New("The parameter submission must be a UUID.")
	}
	in.submission = id.String() // the same one however it is written
	if in.line, err = numberOf(q, "line", math.MaxInt64); err != nil {
		return in, err
	}
	parallel, err := numberOf(q, "parallel", parallelMax)
	in.parallel = int(parallel)
	return in, err
}

// numberOf reads a parameter that counts from 1, which it also is where nothing is said.
func numberOf(q url.Values, name string, most int64) (int64, error) {
	text := q.Get(name)
	if text == "" {
		return 1, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err == nil && n >= 1 && n <= most:
		return n, nil
	case most == math.MaxInt64:
		return 0, fmt.Errorf("The parameter %s must be a number from 1.", name)
	default:
		return 0, fmt.Errorf("The parameter %s must be a number from 1 to %d.", name, most)
	}
}

func knownParameters(q url.Values) error {
	for _, name := range slices.Sorted(maps.Keys(q)) {
		if !slices.ContainsFunc(commandsParameters, func(p *huma.Param) bool { return p.Name == name }) {
			return fmt.Errorf("There is no parameter %s.", clipped(name))
		}
	}
	return nil
}

// nameMax bounds what is kept of a submission's name.
const nameMax = 200

func clipped(name string) string {
	if len(name) > nameMax {
		name = name[:nameMax]
	}
	return strings.ToValidUTF8(name, "")
}

// commands registers POST /v1/commands. Its body is a stream, so it is described like the other routes but
// handled without their reading of whole bodies.
func (a *API) commands() {
	registry := a.huma.OpenAPI().Components.Schemas
	answer := registry.Schema(reflect.TypeFor[wire.Answer](), true, "Answer")
	command := commandSchema(registry)
	op := huma.Operation{
		OperationID: "submit-commands", Method: http.MethodPost, Path: "/v1/commands", Tags: []string{"commands"},
		Summary: "Submit one command, or many as NDJSON",
		Description: "One command as application/json is answered with its outcome, or with a problem. Many as application/x-ndjson are decided as if in order and " +
			"answered line by line while they are still being sent; what is wrong with one line stops no other. A command id said again with the same content is answered as the first time.",
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{mediaJSON: {Schema: command}, mediaNDJSON: {Schema: command}}},
		Responses: map[string]*huma.Response{"200": {Description: "What became of the command, or of each line",
			Content: map[string]*huma.MediaType{mediaJSON: {Schema: answer}, mediaNDJSON: {Schema: answer}}}},
		Errors: []int{400, 403, 409, 413, 415, 422, 503},
	}
	op.Parameters = commandsParameters
	a.huma.OpenAPI().AddOperation(&op)
	a.mux.HandleFunc("POST /v1/commands", a.submit)
}

func (a *API) submit(w http.ResponseWriter, r *http.Request) {
	in, err := commandsInputOf(r)
	if err != nil {
		a.writeProblem(w, wire.Problem{Status: http.StatusBadRequest, Code: "invalid-parameter", Detail: err.Error()})
		return
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && media == mediaNDJSON:
		a.submitMany(w, r, in)
	case err == nil && media == mediaJSON:
		a.submitOne(w, r)
	default:
		a.writeProblem(w, wire.Problem{Status: http.StatusUnsupportedMediaType, Code: "unsupported-media-type",
			Detail: "Send one command as application/json, or many as application/x-ndjson."})
	}
}

func (a *API) submitMany(w http.ResponseWriter, r *http.Request, in commandsInput) {
	if err := a.journal.Begin(r.Context(), in.submission, in.name); err != nil {
		a.log.Error("submission could not begin", "error", err)
		a.writeProblem(w, wire.Problem{Status: http.StatusServiceUnavailable, Code: "unavailable", Detail: "The ledger can't take submissions now; try again."})
		return
	}
	w.Header().Set("Content-Type", mediaNDJSON)
	w.Header().Set("Ledger-Submission", in.submission)
	out, flush := streamTo(w)
	// A client that is silent keeps no daemon from ending, nor a submission that can't be answered.
	interrupt := func() { _ = http.NewResponseController(w).SetReadDeadline(time.Now()) }
	answered := make(chan struct{})
	defer close(answered)
	go func() {
		select {
		case <-a.stopping:
			interrupt()
		case <-answered:
		}
	}()
	s := &submission{api: a, id: in.submission, parallel: in.parallel, lines: newLines(r.Body, in.line), out: out, flush: flush, interrupt: interrupt}
	if err := s.run(r.Context()); err != nil {
		a.log.Warn("submission broke off", "submission", in.submission, "error", err)
		// The client must not take a broken answer for a whole one: cut the connection.
		panic(http.ErrAbortHandler)
	}
}

func (a *API) submitOne(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, lineMax))
	if err != nil {
		var fault error = &intake.Fault{Code: intake.LineTooLong, Message: "The command is longer than 1 MiB."}
		if _, tooLong := errors.AsType[*http.MaxBytesError](err); !tooLong {
			fault = &intake.Fault{Code: intake.NotJSON, Message: "The command could not be read to its end."}
		}
		a.writeAnswer(w, answerOf("", eventstore.Outcome{}, fault))
		return
	}
	answer, request := a.decide(r.Context(), bytes.TrimSpace(body))
	if request.Command != nil {
		if err := a.journal.Single(r.Context(), journalLine(1, request, answer)); err != nil {
			a.log.Error("journal", "commandId", request.ID, "error", err)
			answer = answerOf(string(request.ID), eventstore.Outcome{}, eventstore.ErrUnavailable)
		}
	}
	a.writeAnswer(w, answer)
}

// writeAnswer answers a single command: as what it is when accepted, as a problem otherwise.
func (a *API) writeAnswer(w http.ResponseWriter, answer wire.Answer) {
	if answer.Status != wire.Accepted {
		a.writeProblem(w, wire.Problem{Status: httpStatus(answer), Title: string(answer.Status), Detail: answer.Message, Code: answer.Code,
			CommandID: answer.CommandID, Field: answer.Field, Position: answer.Position})
		return
	}
	w.Header().Set("Content-Type", mediaJSON)
	w.Header().Set("Ledger-Position", answer.Position)
	if err := json.MarshalWrite(w, answer); err != nil {
		a.log.Debug("answer not delivered", "commandId", answer.CommandID, "error", err)
	}
}

func (a *API) writeProblem(w http.ResponseWriter, p wire.Problem) {
	if p.Title == "" {
		p.Title = http.StatusText(p.Status)
	}
	w.Header().Set("Content-Type", mediaProblem)
	w.WriteHeader(p.Status)
	if err := json.MarshalWrite(w, p); err != nil {
		a.log.Debug("problem not delivered", "code", p.Code, "error", err)
	}
}

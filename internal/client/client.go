// Package client talks to a ledger over HTTP. The command line and the demo use it, and so do tests;
// it knows the wire and nothing of what is behind it.
package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"syscall"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/partnerledger/partnerledger/internal/wire"
)

// Client is one ledger. It is safe for concurrent use.
type Client struct {
	base *url.URL
	http *http.Client
}

// New makes a client for the ledger at server, for example http://127.0.0.1:8080.
func New(server string) (*Client, error) {
	base, err := url.Parse(server)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fmt.Errorf("server %q is not of the form http://HOST:PORT", server)
	}
	return &Client{base: base, http: &http.Client{Transport: transport()}}, nil
}

// Unreachable says that no ledger answered there.
type Unreachable struct {
	Server string
	Err    error
}

// Error says what to do next.
func (e *Unreachable) Error() string {
	return fmt.Sprintf("no ledger answers at %s; start one with ledgerd, or name another with --server: %v", e.Server, e.Err)
}

// Unwrap gives the network's error.
func (e *Unreachable) Unwrap() error { return e.Err }

func (c *Client) do(ctx context.Context, method, path string, query url.Values, accept string, body io.Reader, contentType string) (*http.Response, error) {
	target := c.base.JoinPath(path)
	target.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, method, target.String(), body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", accept)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := c.http.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &Unreachable{Server: c.base.String(), Err: err}
	}
	if response.StatusCode >= 400 {
		defer response.Body.Close()
		return nil, problem(response)
	}
	return response, nil
}

const problemMax = 64 << 10

func problem(response *http.Response) error {
	text, err := io.ReadAll(io.LimitReader(response.Body, problemMax))
	if err != nil {
		return fmt.Errorf("answer %s: %w", response.Status, err)
	}
	p := &wire.Problem{}
	if err := json.Unmarshal(text, p); err != nil || p.Status == 0 {
		return fmt.Errorf("answer %s", response.Status)
	}
	return p
}

// Page reads one page of rows.
func (c *Client) Page(ctx context.Context, path string, query url.Values) (wire.Page, error) {
	var page wire.Page
	return page, c.Document(ctx, path, query, &page)
}

// Document reads one answer into v.
func (c *Client) Document(ctx context.Context, path string, query url.Values, v any) error {
	response, err := c.do(ctx, http.MethodGet, path, query, "application/json", nil, "")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if err := json.UnmarshalRead(response.Body, v); err != nil {
		return fmt.Errorf("answer of %s: %w", path, err)
	}
	return nil
}

// Rows reads all rows, page after page.
func (c *Client) Rows(ctx context.Context, path string, query url.Values) iter.Seq2[jsontext.Value, error] {
	return func(yield func(jsontext.Value, error) bool) {
		q := url.Values{}
		maps.Copy(q, query) // the caller's own stays as it is
		for {
			page, err := c.Page(ctx, path, q)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			q.Set("after", page.Next)
		}
	}
}

// CSV writes one page of rows as the ledger's own CSV, and gives the cursor of the next page.
func (c *Client) CSV(ctx context.Context, path string, query url.Values, w io.Writer) (next string, err error) {
	response, err := c.do(ctx, http.MethodGet, path, query, "text/csv", nil, "")
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if _, err := io.Copy(w, response.Body); err != nil {
		return "", fmt.Errorf("answer of %s: %w", path, err)
	}
	return response.Header.Get(NextHeader), nil
}

// NextHeader carries the cursor of the next page where the body is CSV.
const NextHeader = "Ledger-Next"

// Submission names what is being submitted, so that the same line submitted again is recognized.
type Submission struct {
	ID        string // UUID
	Name      string // for people
	FirstLine int64  // number of the first line that is sent; 0 means 1
	Parallel  int    // how many lines are decided side by side; 0 means 1
}

// ErrBroken says that the connection ended before every line was answered. What was answered holds;
// submit the same again, and nothing happens twice.
var ErrBroken = errors.New("the connection to the ledger broke; submit the same again, nothing happens twice")

// Submit sends the lines and hands over each answer as it comes, in order. Lines that can be closed are closed when nobody
// listens any more, so that it returns though the next line may be long in coming.
func (c *Client) Submit(ctx context.Context, s Submission, lines io.Reader, each func(wire.Answer) error) error {
	query := url.Values{"submission": {s.ID}, "name": {s.Name}, "line": {strconv.FormatInt(max(s.FirstLine, 1), 10)}}
	if s.Parallel > 1 {
		query.Set("parallel", strconv.Itoa(s.Parallel))
	}
	ctx, over := context.WithCancel(ctx)
	defer over()
	response, err := c.do(whileListened(ctx, lines), http.MethodPost, "/v1/commands", query, ndjson, lines, ndjson)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) {
		return ErrBroken // somebody was there, and lines may have reached them
	}
	if err != nil {
		return err
	}
	defer response.Body.Close()
	decoder := jsontext.NewDecoder(response.Body)
	for {
		var answer wire.Answer
		err := json.UnmarshalDecode(decoder, &answer)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errors.Join(ErrBroken, ctx.Err())
		}
		if err := each(answer); err != nil {
			return err
		}
	}
}

const ndjson = "application/x-ndjson"

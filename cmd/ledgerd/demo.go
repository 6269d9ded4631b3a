package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/internal/client"
	"github.com/partnerledger/partnerledger/internal/submission"
	"github.com/partnerledger/partnerledger/internal/workload"
)

// demoWorkload is what the demo submits.
func demoWorkload(size workload.Size) workload.Options {
	return workload.Options{Seed: 1, Size: size, EdgeCases: true}
}

// demoID is that submission, so that it is known when it comes again.
func demoID(size workload.Size) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte("demo: "+string(size)+" workload, seed 1")).String()
}

// What the demo shows: the last month of its workload, and the first rows of it.
const (
	demoMonth = "2024-06"
	demoRows  = 15
)

// demo submits a workload, unless it was submitted before, and prints what came of it.
func demo(ctx context.Context, server string, size workload.Size, stdout io.Writer) error {
	c, err := client.New(server)
	if err != nil {
		return err
	}
	atLeast, err := demoSubmit(ctx, c, size, stdout)
	if err != nil {
		return err
	}
	if err := demoShow(ctx, c, atLeast, stdout); err != nil {
		return err
	}
	fmt.Fprintf(stdout, demoNext, server, server)
	return nil
}

const demoNext = `
Where to look next:
  %s/docs                                  the API, to try out in a browser
  go run ./cmd/ledger resellers --as-of 2022-07-01T00:00:00Z      the list as it was
  go run ./cmd/ledger activity --status refused                   what was tried and refused, and why
  go run ./cmd/ledger timeline --limit 20                         every event, who and when
  go run ./cmd/ledger credit --month 2024-06 --policy close       the other reading of a removed partnership
  go run ./cmd/ledger status                                      how the parts are
(the command line asks %s with --server, or the environment variable LEDGER_SERVER)
`

// demoSubmit sends what is missing and gives the position of the last command.
func demoSubmit(ctx context.Context, c *client.Client, size workload.Size, stdout io.Writer) (string, error) {
	done, err := demoDone(ctx, c, size)
	if err != nil {
		return "", err
	}
	total, err := workload.Generate(ctx, demoWorkload(size), io.Discard)
	if err != nil {
		return "", err
	}
	if done >= int64(total.Lines) {
		fmt.Fprintf(stdout, "The demo's %d commands were submitted before; nothing is submitted again.\n", total.Lines)
		return "", nil
	}
	fmt.Fprintf(stdout, "Submitting three years of invented business, a %s one: %d commands.\n", size, total.Lines)
	if done > 0 {
		fmt.Fprintf(stdout, "The first %d were submitted before; going on from there.\n", done)
	}
	lines, feed := io.Pipe()
	go func() { feed.CloseWithError(demoLines(ctx, size, done, feed)) }()
	defer lines.Close()
	summary, err := submission.Run(ctx, c, lines, submission.Options{ID: demoID(size), Name: "demo", First: done + 1, Expect: true, Progress: os.Stderr, Lines: int64(total.Lines) - done})
	fmt.Fprint(stdout, summary)
	if err != nil {
		return "", err
	}
	return summary.Position, summary.Fault()
}

// demoLines writes the workload after so many lines.
func demoLines(ctx context.Context, size workload.Size, after int64, w io.Writer) error {
	return workload.Each(ctx, demoWorkload(size), func(l workload.Line) error {
		if int64(l.Number) <= after {
			return nil
		}
		_, err := w.Write(l.Text)
		return err
	})
}

func demoDone(ctx context.Context, c *client.Client, size workload.Size) (int64, error) {
	page, err := c.Page(ctx, "/v1/submissions", url.Values{"id": {demoID(size)}})
	if err != nil || len(page.Items) == 0 {
		return 0, err
	}
	var s struct {
		LastLine int64 `json:"lastLine"`
		Failed   int64 `json:"failed"`
	}
	if err := json.Unmarshal(page.Items[0], &s); err != nil {
		return 0, fmt.Errorf("submission of the demo: %w", err)
	}
	if s.Failed > 0 {
		return 0, nil // send all again: what is known is only answered
	}
	return s.LastLine, nil
}

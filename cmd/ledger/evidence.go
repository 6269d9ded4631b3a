package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"

	"github.com/spf13/cobra"

	"github.com/partnerledger/partnerledger/internal/audit/evidence"
	"github.com/partnerledger/partnerledger/internal/client"
	"github.com/partnerledger/partnerledger/internal/wire"
)

// evidenceAsked is what the command line asks for.
type evidenceAsked struct {
	filters       map[string]*string
	stream, since string
	out           string
	whole         bool
}

func (a *app) evidence() *cobra.Command {
	asked := &evidenceAsked{filters: map[string]*string{}}
	cmd := &cobra.Command{
		Use:   "evidence -o BUNDLE.zip",
		Short: "Take events away with everything that proves them",
		Long: `evidence makes a bundle of events with their stored bytes, a proof of each, the log's signed checkpoint, and pages to read.
"ledger verify" checks it offline; README.txt in it names tools of others that do so too. Personal texts stay sealed.

With --since, and the file checkpoint of an earlier bundle, it also holds the proof that the log still begins as it did
then. A bundle proves what is in it; that nothing is left out, only the whole log proves: --whole -o DIRECTORY.`,
		Example: `  ledger evidence --customer f8a426eb-ff6d-47d1-92b1-d3118ab19b14 --from 2024-01-01T00:00:00Z -o bundle.zip
  ledger evidence --reseller … --since checkpoint -o bundle.zip
  ledger evidence --whole -o exported-log`,
		Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := asked.fault(); err != nil {
				return seeHelp(cmd, err)
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			return a.takeEvidence(cmd.Context(), c, asked)
		},
	}
	f := cmd.Flags()
	for _, filter := range [][3]string{{"provider", "provider", "only of this provider (`TENANT` id)"}, {"reseller", "reseller", "only about this reseller (`TENANT` id)"},
		{"customer", "customer", "only about this customer (`TENANT` id)"}, {"subscription", "subscription", "only about this subscription (`ID`)"},
		{"from", "from", "recorded at this `TIME` or later"}, {"to", "to", "recorded before this `TIME`"}} {
		asked.filters[filter[1]] = f.String(filter[0], "", filter[2])
	}
	f.StringVar(&asked.stream, "stream", "", "only of this `STREAM`")
	f.BoolVar(&asked.whole, "whole", false, "the whole log, into a new directory")
	f.StringVar(&asked.since, "since", "", "the checkpoint `FILE` of an earlier visit: prove that nothing was altered since")
	f.StringVarP(&asked.out, "output", "o", "", "the `FILE` to write, or with --whole the directory; it must not be there yet")
	return cmd
}

// query are the filters that were given.
func (e *evidenceAsked) query() url.Values {
	q := url.Values{}
	for name, value := range e.filters {
		if *value != "" {
			q.Set(name, *value)
		}
	}
	return q
}

func (e *evidenceAsked) fault() error {
	chosen := len(e.query()) > 0 || e.stream != ""
	switch {
	case e.out == "":
		return errors.New("-o says where to write")
	case e.whole && chosen:
		return errors.New("--whole leaves nothing to choose")
	case !e.whole && !chosen:
		return errors.New("say which events: --customer, --reseller, --subscription, --stream, --from, --to, or --whole")
	}
	return nil
}

func (a *app) takeEvidence(ctx context.Context, c *client.Client, asked *evidenceAsked) error {
	var since []byte
	if asked.since != "" {
		var err error
		if since, err = os.ReadFile(asked.since); err != nil {
			return fmt.Errorf("--since: %w", err)
		}
	}
	if asked.whole {
		checkpoint, err := evidence.Export(ctx, asking(c), asked.out, since, func(done, of int64) { fmt.Fprintf(a.err, "%d of %d events\n", done, of) })
		if err == nil {
			_, err = fmt.Fprintf(a.out, "%s: the whole log, %d events\n", asked.out, checkpoint.Size)
		}
		return err
	}
	bundle, err := evidence.Collect(ctx, asking(c), evidence.Request{Filters: asked.query(), Stream: asked.stream, Since: since})
	if err != nil {
		return err
	}
	text, err := bundle.Zip()
	if err != nil {
		return err
	}
	if err := writeNew(asked.out, text); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.out, "%s: %d events\n", asked.out, bundle.Events())
	return err
}

// writeNew writes a file that isn't there yet: evidence is never written over.
func writeNew(name string, text []byte) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

// asking lets evidence ask this ledger.
func asking(c *client.Client) evidence.Get {
	return func(ctx context.Context, path string, query url.Values) (io.ReadCloser, error) {
		body, err := c.Raw(ctx, path, query)
		if problem, ok := errors.AsType[*wire.Problem](err); ok && problem.Status == http.StatusNotFound {
			return nil, fmt.Errorf("%w: %w", fs.ErrNotExist, err)
		}
		return body, err
	}
}

package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"

	"github.com/spf13/cobra"

	"github.com/partnerledger/partnerledger/internal/client"
	"github.com/partnerledger/partnerledger/internal/submission"
)

func (a *app) submit() *cobra.Command {
	var expect, quiet bool
	var name string
	var parallel int
	cmd := &cobra.Command{
		Use:   "submit FILE|-",
		Short: "Give the ledger commands, one JSON object a line, plain or gzip",
		Long: `submit sends the commands of a file in order and says what became of them.

Submitting the same file again, whole or after a break, changes nothing: every command is known by its id.
With --expect each outcome is compared with the line's "expect"; a difference is printed and the exit code is 1.
With --parallel lines about different customers are decided side by side, which is faster and
changes no outcome: what one line does to another is decided in the order of the file. Only the order in which
the facts of different customers stand in the log, and in lists of what happened, is then not quite the file's.
With --json the answers are printed, one a line; otherwise refusals are counted by code.`,
		Example: `  ledger submit commands.jsonl.gz --expect
  ledger submit history.jsonl.gz --parallel 64
  ledger workload --size tiny | ledger submit -`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return seeHelp(cmd, errors.New("submit takes one file, or - for standard input"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if parallel < 1 || parallel > 256 {
				return seeHelp(cmd, errors.New("--parallel takes a number from 1 to 256"))
			}
			return a.submitFile(cmd.Context(), args[0], submission.Options{Name: name, Expect: expect, Quiet: quiet, Answers: a.answers(), Progress: a.err, Parallel: parallel})
		},
	}
	cmd.Flags().BoolVar(&expect, "expect", false, "compare each outcome with the line's expect")
	cmd.Flags().BoolVar(&quiet, "quiet", false, "no progress bar")
	cmd.Flags().IntVar(&parallel, "parallel", 1, "decide up to `N` lines side by side, 256 at most")
	cmd.Flags().StringVar(&name, "name", "", "`NAME` of the submission, for people (default: the file's name)")
	return cmd
}

func (a *app) answers() io.Writer {
	if a.json {
		return a.out
	}
	return nil
}

func (a *app) submitFile(ctx context.Context, path string, o submission.Options) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	input, size, err := a.open(path, &o)
	if err != nil {
		return err
	}
	defer input.Close()
	o.Bytes = size
	summary, err := submission.Run(ctx, c, input, o)
	if !a.json && (err == nil || summary.Lines > 0) { // of nothing there is nothing to sum up
		fmt.Fprint(a.out, summary)
	}
	if err != nil {
		return err
	}
	if err := settle(ctx, c, summary.Position); err != nil {
		return err
	}
	return summary.Fault()
}

// settle waits until the read models reflect what was submitted, so that the next question sees it.
func settle(ctx context.Context, c *client.Client, position string) error {
	if position == "" {
		return nil
	}
	_, err := c.Page(ctx, "/v1/submissions", url.Values{"atLeast": {position}, "limit": {"1"}})
	return err
}

// open opens the input and gives what its progress is measured in: bytes as they are read, -1 unknown.
func (a *app) open(path string, o *submission.Options) (io.ReadCloser, int64, error) {
	if path == "-" {
		o.ID = client.RandomSubmission()
		r, err := plain(bufio.NewReader(a.in))
		return io.NopCloser(r), -1, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, &usageError{err}
	}
	if o.ID, err = client.SubmissionOf(file); err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	if o.Name == "" {
		o.Name = info.Name()
	}
	counted := &submission.Counted{Reader: file}
	o.Read = counted.Count
	r, err := plain(bufio.NewReaderSize(counted, 64<<10))
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{r, file}, info.Size(), nil
}

// plain unpacks gzip, which is told by its first bytes.
func plain(r *bufio.Reader) (io.Reader, error) {
	magic, err := r.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(magic) < 2 || magic[0] != 0x1f || magic[1] != 0x8b {
		return r, nil
	}
	unpacked, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("gzip: %w", err)
	}
	return unpacked, nil
}

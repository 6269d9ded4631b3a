package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/partnerledger/partnerledger/internal/audit/readmodels"
)

// Which seals a replay compares with.
const (
	newestSeals = "newest" // of each read model
	allSeals    = "all"
)

// errNotAsSealed says that read models differ from what was sealed of them, or that none could be compared.
var errNotAsSealed = errors.New("read models aren't as they were sealed, or none could be compared")

// againstSeals makes the read models again of a log and compares.
func (c *replayConfig) againstSeals(ctx context.Context, log readmodels.Log, stdout io.Writer) error {
	bar := sealsBar{}
	report, err := readmodels.Check(ctx, log, readModels(), readmodels.Options{Every: c.seals == allSeals, Progress: bar.show})
	bar.done()
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	if c.json {
		if err := json.MarshalWrite(stdout, report, jsontext.WithIndent(" ")); err != nil {
			return fmt.Errorf("print the report: %w", err)
		}
		if _, err := fmt.Fprintln(stdout); err != nil {
			return err
		}
	} else if err := report.Print(stdout); err != nil {
		return err
	}
	if !report.Same() {
		return errNotAsSealed
	}
	return nil
}

// sealsBar shows on a terminal how many events were folded.
type sealsBar struct{ bar *progressbar.ProgressBar }

func (b *sealsBar) show(events, of uint64) {
	if of == 0 || events%barStep != 0 {
		return
	}
	if b.bar == nil {
		if !term.IsTerminal(int(os.Stderr.Fd())) {
			return
		}
		b.bar = progressbar.NewOptions64(int64(of), progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetWidth(30), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("events"))
	}
	_ = b.bar.Set64(int64(events))
}

func (b *sealsBar) done() {
	if b.bar != nil {
		_ = b.bar.Finish()
	}
}

package evidence

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"strconv"

	"github.com/go-json-experiment/json"

	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

// Get asks a ledger for what stands at a path of its API; what isn't there is fs.ErrNotExist.
type Get func(ctx context.Context, path string, query url.Values) (io.ReadCloser, error)

const (
	proofsPath   = "/v1/proofs/"
	timelinePath = "/v1/timeline"
	answerMax    = 64 << 20
)

func (g Get) text(ctx context.Context, path string, query url.Values) ([]byte, error) {
	body, err := g(ctx, path, query)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(body, answerMax))
	if err = errors.Join(err, body.Close()); err != nil {
		return nil, fmt.Errorf("answer of %s: %w", path, err)
	}
	return text, nil
}

// tiles fetches tiles, each one once.
func (g Get) tiles(ctx context.Context) proof.Fetch {
	seen := map[string][]byte{}
	return func(path string) ([]byte, error) {
		if text, ok := seen[path]; ok {
			return text, nil
		}
		text, err := g.text(ctx, proofsPath+path, nil)
		if err == nil {
			seen[path] = text
		}
		return text, err
	}
}

// checkpoint gives the newest checkpoint and, rather than that, the newest that is witnessed if it has
// the events too.
func (g Get) checkpoint(ctx context.Context, least int64) ([]byte, proof.Checkpoint, error) {
	for _, query := range []url.Values{{"cosigned": {"true"}}, nil} {
		text, err := g.text(ctx, proofsPath+checkpointFile, query)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, proof.Checkpoint{}, err
		}
		if c, err := proof.Unverified(text); err != nil || c.Size >= least {
			return text, c, err
		}
	}
	return nil, proof.Checkpoint{}, ErrNotYet
}

// ErrNotYet says that the events asked for aren't under a checkpoint yet.
var ErrNotYet = errors.New("the ledger hasn't signed these events yet; its notary signs within seconds, or there is none: see ledger status")

// events gives stored events.
func (g Get) events(ctx context.Context, query url.Values, each func(proof.Event) error) error {
	body, err := g(ctx, proofsPath+"events", query)
	if err != nil {
		return err
	}
	defer body.Close()
	lines := bufio.NewReaderSize(body, 64<<10)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("answer of %sevents: %w", proofsPath, err)
		}
		e, err := proof.ParseEvent(line)
		if err != nil {
			return err
		}
		if err := each(e); err != nil {
			return err
		}
	}
}

// pageMax is how many rows of the timeline, and how many events, are asked for at a time.
const pageMax = 500

// numbers finds the events of the timeline's filters; of one stream alone if that is named.
func (g Get) numbers(ctx context.Context, filters url.Values, stream string) (numbers []uint64, err error) {
	query := url.Values{"limit": {strconv.Itoa(pageMax)}}
	for name, values := range filters {
		query[name] = values
	}
	for {
		text, err := g.text(ctx, timelinePath, query)
		if err != nil {
			return nil, err
		}
		var page struct {
			Items []struct {
				Seq    uint64 `json:"seq"`
				Stream string `json:"stream"`
			} `json:"items"`
			Next string `json:"next"`
		}
		if err := json.Unmarshal(text, &page); err != nil {
			return nil, fmt.Errorf("answer of %s: %w", timelinePath, err)
		}
		for _, item := range page.Items {
			if stream == "" || item.Stream == stream {
				numbers = append(numbers, item.Seq)
			}
		}
		if len(numbers) > EventsMax {
			return nil, fmt.Errorf("that is more than %d events; ask for less, or take the whole log with --whole", EventsMax)
		}
		if page.Next == "" {
			return numbers, nil
		}
		query.Set("after", page.Next)
	}
}

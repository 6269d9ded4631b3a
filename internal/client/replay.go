package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/partnerledger/partnerledger/internal/wire"
)

// ErrReplayBroken says that the connection ended before the replay did. Nothing depends on it; it may be asked again.
var ErrReplayBroken = errors.New("the connection to the ledger broke before the replay had ended; ask again")

// Replay replays the log and hands over each line as it comes; the last one is the result. Ending ctx ends the replay.
func (c *Client) Replay(ctx context.Context, query url.Values, each func(wire.ReplayLine[jsontext.Value]) error) error {
	response, err := c.do(ctx, http.MethodGet, "/v1/replay", query, ndjson, nil, "")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	decoder := jsontext.NewDecoder(response.Body)
	for ended := false; ; {
		var line wire.ReplayLine[jsontext.Value]
		err := json.UnmarshalDecode(decoder, &line)
		switch {
		case errors.Is(err, io.EOF) && ended:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return ErrReplayBroken
		case line.Problem != nil:
			return line.Problem
		}
		ended = line.State != nil || line.Report != nil
		if err := each(line); err != nil {
			return err
		}
	}
}

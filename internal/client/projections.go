package client

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/partnerledger/partnerledger/internal/wire"
)

// Projections tells how the read models are.
func (c *Client) Projections(ctx context.Context) (wire.ReadModels, error) {
	var list wire.ReadModels
	return list, c.Document(ctx, "/v1/projections", nil, &list)
}

// OrderProjections orders something to be done to these projections: retry, rebuild, rollback or drop. The name
// "all" alone means all of them.
func (c *Client) OrderProjections(ctx context.Context, kind string, names ...string) (wire.ProjectionOrders, error) {
	var orders wire.ProjectionOrders
	return orders, c.post(ctx, "/v1/projections/"+url.PathEscape(strings.Join(names, ","))+"/"+kind, nil, &orders)
}

// ProjectionOrders tells how far these orders are.
func (c *Client) ProjectionOrders(ctx context.Context, ids ...string) (wire.ProjectionOrders, error) {
	var orders wire.ProjectionOrders
	return orders, c.Document(ctx, "/v1/projections/orders", url.Values{"id": {strings.Join(ids, ",")}}, &orders)
}

// Skip lets a projection pass over the event at which it stands still.
func (c *Client) Skip(ctx context.Context, projection string, skip wire.Skip) (wire.Skipped, error) {
	var done wire.Skipped
	return done, c.post(ctx, "/v1/projections/"+url.PathEscape(projection)+"/skip", skip, &done)
}

// post sends v, unless it is nil, and reads the answer.
func (c *Client) post(ctx context.Context, path string, v, answer any) error {
	var body io.Reader
	media := ""
	if v != nil {
		text, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		body, media = bytes.NewReader(text), "application/json"
	}
	response, err := c.do(ctx, http.MethodPost, path, nil, "application/json", body, media)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if err := json.UnmarshalRead(response.Body, answer); err != nil {
		return fmt.Errorf("answer of %s: %w", path, err)
	}
	return nil
}

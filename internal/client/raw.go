package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
)

// Raw reads one answer as it comes. Whoever gets it MUST close it.
func (c *Client) Raw(ctx context.Context, path string, query url.Values) (io.ReadCloser, error) {
	response, err := c.do(ctx, http.MethodGet, path, query, "*/*", nil, "")
	if err != nil {
		return nil, err
	}
	return response.Body, nil
}

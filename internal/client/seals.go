package client

import (
	"context"
	"net/url"
	"strings"

	"github.com/partnerledger/partnerledger/internal/wire"
)

// Seal puts on record what these projections hold. The name "all" alone means all of them.
func (c *Client) Seal(ctx context.Context, by wire.Sealing, names ...string) (wire.Seals, error) {
	var sealed wire.Seals
	return sealed, c.post(ctx, "/v1/projections/"+url.PathEscape(strings.Join(names, ","))+"/seal", by, &sealed)
}

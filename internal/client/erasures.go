package client

import (
	"context"
	"net/url"

	"github.com/partnerledger/partnerledger/internal/wire"
)

// RequestErasure asks that contacts be erased; the answer's command id is the erasure's.
func (c *Client) RequestErasure(ctx context.Context, r wire.ErasureRequest) (wire.Answer, error) {
	var a wire.Answer
	return a, c.post(ctx, "/v1/erasures", r, &a)
}

// AnswerErasure approves an erasure, or withdraws it: the verb is approve or withdraw.
func (c *Client) AnswerErasure(ctx context.Context, verb, id string, r wire.ErasureAnswer) (wire.Answer, error) {
	var a wire.Answer
	return a, c.post(ctx, "/v1/erasures/"+url.PathEscape(id)+"/"+verb, r, &a)
}

// OrderHold places a legal hold, or lifts one: the verb is place or lift.
func (c *Client) OrderHold(ctx context.Context, verb, id string, o wire.HoldOrder) (wire.Answer, error) {
	var a wire.Answer
	return a, c.post(ctx, "/v1/legal-holds/"+url.PathEscape(id)+"/"+verb, o, &a)
}

// CloseIdle closes connections that nobody uses at present.
func (c *Client) CloseIdle() { c.http.CloseIdleConnections() }

package readmodel

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"

	"github.com/go-json-experiment/json"
)

// The sizes of a page: when none is asked for, and at most.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
)

// ErrCursor says that a cursor wasn't given out by the list it was handed to.
var ErrCursor = errors.New("the page cursor is not one of this list; begin again without it")

// Page asks for a part of a list: at most Limit rows after the row at which After stands.
type Page struct {
	After string // what Next of the page before said; empty for the first page
	Limit int    // 0 is DefaultLimit, more than MaxLimit is MaxLimit
	all   bool
}

// Everything is the whole list as one page, for exports and for states as a whole.
var Everything = Page{all: true}

// Slice is a part of a list. Next is the cursor of the part after it, empty when there is none.
type Slice[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitzero"`
}

// Size is how many rows the page holds at most, for lists that aren't one query.
func (p Page) Size() int {
	if p.all {
		return math.MaxInt - 1
	}
	return p.limit()
}

func (p Page) limit() int {
	switch {
	case p.Limit <= 0:
		return DefaultLimit
	default:
		return min(p.Limit, MaxLimit)
	}
}

// cursor hides the key of the last row of a page from clients, who must not make one up.
func cursor(key []any) (string, error) {
	text, err := json.Marshal(key)
	if err != nil {
		return "", fmt.Errorf("page cursor: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(text), nil
}

// key reads a cursor: texts and whole numbers, as many as there are columns.
func (p Page) key(columns int) ([]any, error) {
	text, err := base64.RawURLEncoding.DecodeString(p.After)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCursor, err)
	}
	var key []any
	if err := json.Unmarshal(text, &key); err != nil || len(key) != columns {
		return nil, ErrCursor
	}
	for i, part := range key {
		switch part := part.(type) {
		case string:
		case float64:
			key[i] = int64(part)
		default:
			return nil, ErrCursor
		}
	}
	return key, nil
}

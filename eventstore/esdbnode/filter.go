package esdbnode

import (
	"bytes"
	"fmt"
	"regexp"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// defaultWindow is what a filter searches between two checkpoints when the client sets no maximum.
const defaultWindow = 32

// prefixLimit and regexLimit bound what one filter may cost for every event.
const (
	prefixLimit = 1000
	regexLimit  = 8 << 10
)

// filter chooses events of $all by their type or by the name of their stream.
//
// Expressions are Go's (RE2): they run in linear time, so that no client can stall the node with one. Of .NET's, which
// the real server takes, look-around and back-references are missing; such an expression is refused, not misread.
type filter struct {
	byType   bool
	regex    *regexp.Regexp
	prefixes [][]byte
	// interval is how many events are looked at from one checkpoint to the next.
	interval uint64
}

func newFilter(o *streams.ReadReq_Options_FilterOptions, stream string) (*filter, error) {
	if stream != "" {
		return nil, invalid("only $all can be filtered")
	}
	f := &filter{}
	var expression *streams.ReadReq_Options_FilterOptions_Expression
	switch by := o.GetFilter().(type) {
	case *streams.ReadReq_Options_FilterOptions_EventType:
		f.byType, expression = true, by.EventType
	case *streams.ReadReq_Options_FilterOptions_StreamIdentifier:
		expression = by.StreamIdentifier
	default:
		return nil, invalid("the filter filters by nothing")
	}
	if err := f.parseExpression(expression); err != nil {
		return nil, err
	}
	return f, f.parseWindow(o)
}

func (f *filter) parseExpression(e *streams.ReadReq_Options_FilterOptions_Expression) error {
	if len(e.GetPrefix()) > prefixLimit || len(e.GetRegex()) > regexLimit {
		return invalid("the filter is too large")
	}
	if len(e.GetPrefix()) > 0 {
		for _, p := range e.GetPrefix() {
			f.prefixes = append(f.prefixes, []byte(p))
		}
		return nil
	}
	regex, err := regexp.Compile(e.GetRegex())
	if err != nil {
		return invalid(fmt.Sprintf("the filter's expression: %v", err))
	}
	f.regex = regex
	return nil
}

func (f *filter) parseWindow(o *streams.ReadReq_Options_FilterOptions) error {
	window := uint64(defaultWindow)
	if max, ok := o.GetWindow().(*streams.ReadReq_Options_FilterOptions_Max); ok {
		window = uint64(max.Max)
	}
	f.interval = window * uint64(o.GetCheckpointIntervalMultiplier())
	if f.interval == 0 {
		return invalid("the checkpoint interval and the search window have to be greater than 0")
	}
	return nil
}

// wants tells whether a stored event passes.
func (f *filter) wants(s stored) bool {
	if f.byType {
		return f.matches(s.eventType)
	}
	return f.matches(s.stream)
}

func (f *filter) matches(name []byte) bool {
	if f.regex != nil {
		return f.regex.Match(name)
	}
	for _, p := range f.prefixes {
		if bytes.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections"
)

// projectorOptions say which part of the work this process does. A process that has everything to itself
// needn't look whether others are at work on its database.
func (l *ledger) projectorOptions() projections.Options {
	partitions, _ := parsePartitions(l.config.Partitions) // validated
	return projections.Options{
		Partitions: partitions,
		Shared:     !l.config.whole() || l.config.Database != "",
		Holds: func(ctx context.Context, m eventstore.Landmark) error {
			return eventstore.Holds(ctx, l.store, m)
		},
		Skips:     l.skips,
		Analysts:  l.config.Analysts,
		Unguarded: l.config.Trial.lacks(guardCheckpoint),
		Logger:    l.log.With("part", "projector"),
	}
}

// parsePartitions reads "0-7", or one partition alone.
func parsePartitions(text string) (projections.Range, error) {
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	from, err := strconv.Atoi(first)
	if err != nil {
		return projections.Range{}, fmt.Errorf("%q is neither a partition nor FIRST-LAST", text)
	}
	to, err := strconv.Atoi(last)
	if err != nil || from < 0 || from > to || to >= eventstore.Partitions {
		return projections.Range{}, fmt.Errorf("%q is not within 0-%d", text, eventstore.Partitions-1)
	}
	return projections.Range{First: from, Last: to}, nil
}

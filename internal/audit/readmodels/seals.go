package readmodels

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/upkeep"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections"
)

// Log is the ledger's events in order. Every eventstore.Store is one, and so is a Folder.
type Log interface {
	// ReadAll yields the ledger events after the position.
	ReadAll(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Recorded, error]
}

// Sealed is a seal as it stands in the log.
type Sealed struct {
	upkeep.Seal
	Number uint64         `json:"number"` // of its event
	At     domain.Instant `json:"at"`
	By     string         `json:"by"`
}

// record is what the log says about read models.
type record struct {
	events uint64
	seals  []Sealed
	skips  map[string][]uuid.UUID // by read model
}

// recordOf reads the whole log for it.
func recordOf(ctx context.Context, log Log, progress func(uint64)) (record, error) {
	r, codec := record{skips: map[string][]uuid.UUID{}}, eventstore.NewCodec(vocabulary.Events(), nil)
	for e, err := range log.ReadAll(ctx, eventstore.Beginning) {
		if err != nil {
			return r, err
		}
		if strings.HasPrefix(e.Stream, upkeep.Category+"-") {
			if err := r.add(codec, e); err != nil {
				return r, err
			}
		}
		r.events++
		progress(r.events)
	}
	return r, nil
}

func (r *record) add(codec *eventstore.Codec, e eventstore.Recorded) error {
	fact, meta, err := codec.Decode(e)
	if err != nil {
		return err
	}
	switch fact := fact.(type) {
	case upkeep.ReadModelSealed:
		r.seals = append(r.seals, Sealed{fact.Seal, r.events, meta.At, meta.Actor.UserPrincipalName})
	case upkeep.ProjectionEventSkipped:
		id, err := uuid.Parse(fact.EventID)
		if err != nil {
			return fmt.Errorf("event %s: %w", e.ID, err)
		}
		r.skips[fact.Projection] = append(r.skips[fact.Projection], id)
	}
	return nil
}

// newest are the last seals of each read model.
func newest(seals []Sealed) (last []Sealed) {
	for _, s := range slices.Backward(seals) {
		if !slices.ContainsFunc(last, func(other Sealed) bool { return other.Projection == s.Projection }) {
			last = append(last, s)
		}
	}
	slices.Reverse(last)
	return last
}

// SealOf is the seal of what was digested.
func SealOf(d projections.Digest) upkeep.Seal {
	s := upkeep.Seal{Projection: d.Name, Version: d.Version, Schema: d.Schema, Events: int64(d.Events), Position: int64(eventstore.Beginning),
		Rows: d.Rows, Digest: d.Sum, Tables: []upkeep.SealedTable{}}
	if d.Events > 0 {
		s.Position, s.EventID = int64(d.Last.Position), d.Last.ID.String()
	}
	for _, t := range d.Tables {
		s.Tables = append(s.Tables, upkeep.SealedTable{Table: t.Table, Rows: t.Rows, Digest: t.Sum})
	}
	return s
}

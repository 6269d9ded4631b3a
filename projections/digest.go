package projections

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/tables"
)

// Digest says what a read model holds, as of one place in the log.
//
// It MUST follow from the events alone: the same events in the same version give the same digest, in every database,
// however many processes applied them and in whichever batches. So where an event stands in one copy of the log
// (the column position) is left out, and its number in the ledger (seq) is in.
type Digest struct {
	Name    string
	Version int
	Schema  string // digest of the SQL that makes the tables
	// Events is how many events the rows are made of, Last the last of them; zero before the first.
	Events uint64
	Last   eventstore.Landmark
	Rows   int64
	// Sum is the SHA-256 of a line "SUM  TABLE" for each table, as sha256sum would print them.
	Sum    string
	Tables []TableDigest // sorted by name
}

// TableDigest is the SHA-256 of one table, copied as sqldb.Copy says, in the order of its key.
type TableDigest struct {
	Table string
	Rows  int64
	Sum   string
}

// The errors of Digests, beside ErrNoProjection.
var (
	// ErrNoTables says that the tables of this version aren't there yet.
	ErrNoTables = errors.New("nobody has made its tables yet in this version")
	// ErrNotLevel says that the processes that share a read model were never found at one place of the log.
	ErrNotLevel = errors.New("the processes that share it are at different events of the log; ask again when fewer events come")
)

// How long Digests looks for a moment at which those who share a read model are level, and how often.
const (
	levelPatience = 10 * time.Second
	levelStep     = 10 * time.Millisecond
)

// Digests digests read models. Rows and checkpoints are read in one snapshot, so each digest is of exactly one place in
// the log, however many events come meanwhile.
func (m *Models) Digests(ctx context.Context, names ...string) ([]Digest, error) {
	for deadline := time.Now().Add(levelPatience); ; {
		all, err := m.digests(ctx, names)
		if !errors.Is(err, ErrNotLevel) || time.Now().After(deadline) {
			return all, err
		}
		select {
		case <-time.After(levelStep):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (m *Models) digests(ctx context.Context, names []string) (all []Digest, err error) {
	err = m.db.Snapshot(ctx, func(r sqldb.Reader) error {
		checkpoints, err := readCheckpoints(ctx, r)
		if err != nil {
			return err
		}
		for _, name := range names { // first, because it may be for nothing
			d, err := m.placed(name, checkpoints)
			if err != nil {
				return fmt.Errorf("digest of %s: %w", name, err)
			}
			all = append(all, d)
		}
		for i := range all {
			if err := m.fill(ctx, r, &all[i]); err != nil {
				return fmt.Errorf("digest of %s: %w", all[i].Name, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// placed says where a read model is, if that is one place.
func (m *Models) placed(name string, all []stored) (Digest, error) {
	at := slices.IndexFunc(m.projections, func(p Projection) bool { return p.Name() == name })
	if at < 0 {
		return Digest{}, ErrNoProjection
	}
	ranges := ofBuild(all, name, live)
	if len(ranges) == 0 || !ranges[0].makes(m.projections[at]) {
		return Digest{}, ErrNoTables
	}
	first := ranges[0]
	for _, other := range ranges[1:] {
		if other.cursor != first.cursor {
			return Digest{}, ErrNotLevel
		}
	}
	return Digest{Name: name, Version: first.version, Schema: first.digest, Events: first.cursor.NextSeq, Last: first.last}, nil
}

// fill digests the rows.
func (m *Models) fill(ctx context.Context, r sqldb.Reader, d *Digest) error {
	at := slices.IndexFunc(m.projections, func(p Projection) bool { return p.Name() == d.Name })
	definitions := slices.SortedFunc(slices.Values(m.projections[at].Tables()), func(a, b tables.Definition) int {
		return strings.Compare(a.Name(), b.Name())
	})
	whole := sha256.New()
	for _, table := range definitions {
		columns, keys := table.Columns()
		by := columns[:keys]
		listed := slices.DeleteFunc(slices.Clone(columns), func(c string) bool { return c == ofOneLog })
		sum := sha256.New()
		rows, err := sqldb.Copy(ctx, r, sum, sqldb.Listing{Table: table.Name(), Columns: listed, By: by})
		if err != nil {
			return err
		}
		t := TableDigest{Table: table.Name(), Rows: rows, Sum: hex.EncodeToString(sum.Sum(nil))}
		fmt.Fprintf(whole, "%s  %s\n", t.Sum, t.Table)
		d.Tables, d.Rows = append(d.Tables, t), d.Rows+rows
	}
	d.Sum = hex.EncodeToString(whole.Sum(nil))
	return nil
}

// ofOneLog is the column that holds where an event stands in one copy of the log.
const ofOneLog = "position"

package inmemory

import (
	"testing"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
)

// Test tells a story to all read models and runs the test on their rows, on each kind of database.
func Test(t *testing.T, story []Told, test func(*testing.T, sqldb.Reader)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := sqldbtest.Open(t, url)
		if err := tell(t, db, story); err != nil {
			t.Fatal(err)
		}
		if err := db.Snapshot(t.Context(), func(r sqldb.Reader) error { test(t, r); return nil }); err != nil {
			t.Fatal(err)
		}
	})
}

func tell(t *testing.T, db *sqldb.DB, story []Told) error {
	events, err := Tell(story...)
	if err != nil {
		return err
	}
	if err := Prepare(t.Context(), db, ReadModels()...); err != nil {
		return err
	}
	return Apply(t.Context(), db, events, ReadModels()...)
}

// Instant reads a time in a test; one that can't be read is a fault of the test.
func Instant(text string) domain.Instant {
	at, err := domain.ParseInstant(text)
	if err != nil {
		panic(err)
	}
	return at
}

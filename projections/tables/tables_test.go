package tables_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/projections/sqldb"
	"github.com/partnerledger/partnerledger/projections/sqldb/sqldbtest"
	"github.com/partnerledger/partnerledger/projections/tables"
)

const schema = `
CREATE TABLE IF NOT EXISTS things (owner TEXT NOT NULL, n BIGINT NOT NULL, name TEXT, yes INTEGER NOT NULL, maybe INTEGER, seats BIGINT,
  place BIGINT NOT NULL, until BIGINT, size BIGINT, flag INTEGER, done INTEGER NOT NULL, PRIMARY KEY (owner, n));
CREATE TABLE IF NOT EXISTS names (name TEXT NOT NULL PRIMARY KEY);
`

// thing has a column of every kind. One that is done is final.
type thing struct {
	Owner owner  `sql:"owner,key"`
	N     int64  `sql:"n,key"`
	Name  string `sql:"name,null"`
	Yes   bool   `sql:"yes"`
	Maybe *bool  `sql:"maybe"`
	Seats *int   `sql:"seats"`
	Place uint64 `sql:"place"`
	Until *int64 `sql:"until"`
	Size  uint64 `sql:"size,null"`
	Flag  bool   `sql:"flag,null"`
	Done  bool   `sql:"done"`
}

type owner string

type thingKey struct {
	owner owner
	n     int64
}

func (t *thing) key() thingKey { return thingKey{t.Owner, t.N} }
func (t *thing) by() owner     { return t.Owner }
func (t *thing) named() string { return t.Name }
func (t *thing) open() bool    { return !t.Done && t.Until == nil && t.Name != "" }

var (
	things   = tables.Of("things", (*thing).key).Final(func(t *thing) bool { return t.Done })
	thingsOf = tables.On(things, (*thing).by, func(t *thing) bool { return !t.Done }, "done = 0", "owner")
	openBy   = tables.On(things, (*thing).named, (*thing).open, "done = 0 AND until IS NULL", "name")
)

// name is a row that is nothing but its key.
type name struct {
	Name string `sql:"name,key"`
}

var names = tables.Of("names", func(n *name) string { return n.Name })

var all = []tables.Definition{things, names}

func withThings(t *testing.T, url string) *sqldb.DB {
	db := sqldbtest.Open(t, url)
	write(t, db, func(tx *sqldb.Tx) error { return tx.Script(t.Context(), schema) })
	return db
}

func write(t *testing.T, db *sqldb.DB, fn func(*sqldb.Tx) error) {
	t.Helper()
	require.NoError(t, db.Write(t.Context(), fn))
}

// folding gives the function rows that look through a transaction, and writes what it changed.
func folding(t *testing.T, db *sqldb.DB, rows *tables.Rows, fold func(context.Context)) {
	t.Helper()
	write(t, db, func(tx *sqldb.Tx) error {
		rows.Through(tx)
		fold(t.Context())
		return rows.Flush(t.Context(), tx)
	})
}

// lines is the dump of a table without its head.
func lines(t *testing.T, db *sqldb.DB, table string) string {
	t.Helper()
	text, err := db.Dump(t.Context(), table)
	require.NoError(t, err)
	_, body, _ := strings.Cut(text, "\n")
	return body
}

func pointer[V any](v V) *V { return &v }

// full has something in every column, empty in none that need it.
func full() *thing {
	return &thing{Owner: "o", N: 1, Name: "x", Yes: true, Maybe: pointer(false), Seats: pointer(0), Place: 1<<63 - 1, Until: pointer(int64(0)), Size: 7, Flag: true}
}

// TestRowsAreWrittenAndReadAsTheyAre writes all kinds of columns, full and empty, and reads them with fresh eyes.
func TestRowsAreWrittenAndReadAsTheyAre(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := withThings(t, url)
		rows := tables.New(all, "")
		folding(t, db, rows, func(context.Context) {
			require.NoError(t, things.Insert(rows, full()))
			require.NoError(t, things.Insert(rows, &thing{Owner: "o", N: -2}))
			require.NoError(t, names.Insert(rows, &name{"only a key"}))
		})
		require.Equal(t, "\t\"o\"\t-2\tNULL\t0\tNULL\tNULL\t0\tNULL\tNULL\tNULL\t0\n"+
			"\t\"o\"\t1\t\"x\"\t1\t0\t0\t9223372036854775807\t0\t7\t1\t0\n", lines(t, db, "things"))
		require.Equal(t, "\t\"only a key\"\n", lines(t, db, "names"))

		fresh := tables.New(all, "")
		folding(t, db, fresh, func(ctx context.Context) {
			got, err := things.Get(ctx, fresh, &thing{Owner: "o", N: 1})
			require.NoError(t, err)
			require.Equal(t, full(), got)
			found, err := thingsOf.Find(ctx, fresh, &thing{Owner: "o"})
			require.NoError(t, err)
			require.Equal(t, []*thing{{Owner: "o", N: -2}, full()}, found)
			gone, err := things.Get(ctx, fresh, &thing{Owner: "o", N: 3})
			require.NoError(t, err)
			require.Nil(t, gone)
			only, err := names.Get(ctx, fresh, &name{"only a key"})
			require.NoError(t, err)
			require.Equal(t, &name{"only a key"}, only)
		})
	})
}

// TestMemoryIsNewerThanTheDatabase finds rows as they were changed and never as they stand in the tables still.
func TestMemoryIsNewerThanTheDatabase(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db, rows := withThings(t, url), tables.New(all, "")
		folding(t, db, rows, func(context.Context) {
			for n := range int64(4) {
				require.NoError(t, things.Insert(rows, &thing{Owner: "o", N: n, Name: "x"}))
			}
		})
		rows.Forget()
		folding(t, db, rows, func(ctx context.Context) {
			renamed, moved, gone := get(t, rows, "o", 0), get(t, rows, "o", 1), get(t, rows, "o", 2)
			renamed.Name = "y"
			things.Change(rows, renamed)
			moved.Until = pointer(int64(5))
			things.Change(rows, moved)
			things.Delete(rows, gone)
			require.NoError(t, things.Insert(rows, &thing{Owner: "p", N: 9, Name: "x"}))
			require.Equal(t, []int64{3, 9}, open(t, rows, "x"))
			require.Equal(t, []int64{0}, open(t, rows, "y"))
			require.Nil(t, get(t, rows, "o", 2))
			one, err := openBy.One(ctx, rows, &thing{Name: "y"})
			require.NoError(t, err)
			require.Same(t, renamed, one)
			_, err = openBy.One(ctx, rows, &thing{Name: "x"})
			require.ErrorContains(t, err, "2 rows where there can be one")

			// A row comes back into an index once, however often it changed.
			moved.Until = nil
			things.Change(rows, moved)
			things.Change(rows, moved)
			require.Equal(t, []int64{1, 3, 9}, open(t, rows, "x"))
		})
		rows.Forget()
		folding(t, db, rows, func(context.Context) { require.Equal(t, []int64{1, 3, 9}, open(t, rows, "x")) })
	})
}

// TestARowIsDeletedAndMadeAgain also within one batch, where the database never sees it gone.
func TestARowIsDeletedAndMadeAgain(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db, rows := withThings(t, url), tables.New(all, "")
		folding(t, db, rows, func(context.Context) { require.NoError(t, things.Insert(rows, full())) })
		folding(t, db, rows, func(context.Context) {
			require.ErrorIs(t, things.Insert(rows, full()), tables.ErrTwice)
			things.Delete(rows, get(t, rows, "o", 1))
			again := &thing{Owner: "o", N: 1, Name: "again"}
			require.NoError(t, things.Insert(rows, again))
			require.Same(t, again, get(t, rows, "o", 1))
			require.Equal(t, []int64{1}, open(t, rows, "again"))

			short := &thing{Owner: "o", N: 2, Name: "never written"}
			require.NoError(t, things.Insert(rows, short))
			things.Delete(rows, short)
		})
		require.Equal(t, "\t\"o\"\t1\t\"again\"\t0\tNULL\tNULL\t0\tNULL\tNULL\tNULL\t0\n", lines(t, db, "things"))
		folding(t, db, rows, func(context.Context) { things.Delete(rows, get(t, rows, "o", 1)) })
		require.Empty(t, lines(t, db, "things"))
		folding(t, db, rows, func(context.Context) { require.NoError(t, things.Insert(rows, full())) })
		require.NotEmpty(t, lines(t, db, "things"))
	})
}

// TestARowThatOnlyTheDatabaseKnowsIsNotMadeTwice: the batch fails as a whole.
func TestARowThatOnlyTheDatabaseKnowsIsNotMadeTwice(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db, rows := withThings(t, url), tables.New(all, "")
		folding(t, db, rows, func(context.Context) { require.NoError(t, things.Insert(rows, full())) })
		before := lines(t, db, "things")
		rows.Forget()
		require.ErrorContains(t, db.Write(t.Context(), func(tx *sqldb.Tx) error {
			rows.Through(tx)
			require.NoError(t, things.Insert(rows, &thing{Owner: "o", N: 0}))
			require.NoError(t, things.Insert(rows, &thing{Owner: "o", N: 1}))
			return rows.Flush(t.Context(), tx)
		}), "write rows of things")
		require.Equal(t, before, lines(t, db, "things"))
	})
}

// TestACompleteStateReadsNothing holds everything that can change, and lets go what is final.
func TestACompleteStateReadsNothing(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db, rows := withThings(t, url), tables.New(all, "")
		rows.Empty()
		rows.Through(unreadable{})
		done := &thing{Owner: "o", N: 3, Done: true}
		require.Nil(t, get(t, rows, "o", 1))
		require.Empty(t, open(t, rows, "x"))
		for _, r := range []*thing{{Owner: "o", N: 1, Name: "x"}, {Owner: "o", N: 2, Name: "x"}, done} {
			require.NoError(t, things.Insert(rows, r))
		}
		require.Equal(t, []int64{1, 2}, open(t, rows, "x"))
		flush(t, db, rows)
		require.Equal(t, 2, rows.Size())
		two := get(t, rows, "o", 2)
		two.Done = true
		things.Change(rows, two)
		flush(t, db, rows)
		require.Equal(t, 1, rows.Size())
		require.Equal(t, []int64{1}, open(t, rows, "x"))

		loaded := tables.New(all, "")
		require.NoError(t, db.Snapshot(t.Context(), func(r sqldb.Reader) error { return loaded.Load(t.Context(), r) }))
		loaded.Through(unreadable{})
		require.Equal(t, 1, loaded.Size())
		require.Equal(t, []int64{1}, open(t, loaded, "x"))
		require.Nil(t, get(t, loaded, "o", 7))
		one := get(t, loaded, "o", 1)
		one.Name = "y"
		things.Change(loaded, one)
		flush(t, db, loaded)
		require.Contains(t, lines(t, db, "things"), "\t\"o\"\t1\t\"y\"\t")
	})
}

// TestCheckComparesTheColumns of the tables with the suffix that was asked for.
func TestCheckComparesTheColumns(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db, rows := withThings(t, url), tables.New(all, "")
		require.NoError(t, rows.Check(t.Context(), db))
		require.ErrorContains(t, tables.New(all, "_2").Check(t.Context(), db), "things_2")
		write(t, db, func(tx *sqldb.Tx) error {
			return tx.Script(t.Context(), "CREATE TABLE names_3 (name TEXT NOT NULL PRIMARY KEY, more BIGINT);")
		})
		err := tables.New([]tables.Definition{names}, "_3").Check(t.Context(), db)
		mismatch := &tables.Mismatch{}
		require.ErrorAs(t, err, &mismatch)
		require.Equal(t, &tables.Mismatch{Table: "names_3", Has: []string{"name", "more"}, Due: []string{"name"}}, mismatch)
		require.ErrorContains(t, err, "rebuild the projection")
	})
}

// TestFaultsOfTheProgramAreFoundAtOnce when a table is described.
func TestFaultsOfTheProgramAreFoundAtOnce(t *testing.T) {
	type late struct {
		A string `sql:"a"`
		B string `sql:"b,key"`
	}
	type keyless struct {
		A string `sql:"a"`
	}
	type float struct {
		A float64 `sql:"a,key"`
	}
	type unnamed struct{ A string }
	type pointed struct {
		A string  `sql:"a,key"`
		B *string `sql:"b,null"`
	}
	require.PanicsWithValue(t, "table t: the key columns must come first, b doesn't", func() { tables.Of("t", func(*late) string { return "" }) })
	require.PanicsWithValue(t, "table t has no key", func() { tables.Of("t", func(*keyless) string { return "" }) })
	require.PanicsWithValue(t, `table t: column "a" can't hold a float64`, func() { tables.Of("t", func(*float) string { return "" }) })
	require.PanicsWithValue(t, "table t: the tag of field A names no column", func() { tables.Of("t", func(*unnamed) string { return "" }) })
	require.PanicsWithValue(t, `table t: column "b" is a pointer, which can't be a key and needs no null`,
		func() { tables.Of("t", func(*pointed) string { return "" }) })
	require.PanicsWithValue(t, `table names has no column "n"`, func() { tables.On(names, func(*name) string { return "" }, nil, "", "n") })
}

func get(t *testing.T, rows *tables.Rows, of owner, n int64) *thing {
	t.Helper()
	r, err := things.Get(t.Context(), rows, &thing{Owner: of, N: n})
	require.NoError(t, err)
	return r
}

// open is the n of those that are open under the name.
func open(t *testing.T, rows *tables.Rows, called string) (list []int64) {
	t.Helper()
	found, err := openBy.Find(t.Context(), rows, &thing{Name: called})
	require.NoError(t, err)
	for _, r := range found {
		list = append(list, r.N)
	}
	return list
}

func flush(t *testing.T, db *sqldb.DB, rows *tables.Rows) {
	t.Helper()
	write(t, db, func(tx *sqldb.Tx) error { return rows.Flush(t.Context(), tx) })
}

// unreadable panics when somebody looks into the database.
type unreadable struct{ sqldb.Reader }

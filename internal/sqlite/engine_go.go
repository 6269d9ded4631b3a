//go:build !cgo

package sqlite

import (
	"database/sql"
	"database/sql/driver"
	"errors"

	"modernc.org/sqlite"
)

// Engine names what answers.
const Engine = "SQLite in Go"

// engine is the driver that the package registers; a new one would lack what it registers there.
var engine = func() driver.Driver {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		panic(err) // only a driver that isn't registered can fail here
	}
	defer db.Close()
	return db.Driver()
}()

func code(err error) (int, bool) {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return 0, false
	}
	return e.Code() & 0xff, true
}

package seal

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/partnerledger/partnerledger/internal/sqlite"
)

// openSQLite opens keys in a file. One process at a time holds them: there is one connection, which holds the
// lock on the file. Without a path they are gone with the process.
func openSQLite(path string) (*sqlStore, error) {
	source := ":memory:"
	if path != "" {
		// SQLite would make the file readable for others.
		file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, err
		}
		if err := file.Close(); err != nil {
			return nil, err
		}
		source = "file:" + (&url.URL{Path: path}).EscapedPath()
	}
	db := sqlite.Open(source+"?_txlock=immediate", "locking_mode(EXCLUSIVE)", "journal_mode(WAL)", "synchronous(FULL)", "secure_delete(ON)", "temp_store(MEMORY)")
	db.SetMaxOpenConns(1)
	s := &sqlStore{db: db, dialect: dialect{bytes: "BLOB", zeros: "zeroblob(length(wrapped))", erase: truncateLog,
		alone: func(_ *sql.DB, f func() error) error { return f() }}}
	err := s.init()
	if err != nil {
		err = fmt.Errorf("open %s (does another process hold it?): %w", databaseName, err)
	} else {
		// A crash right after somebody was forgotten may have left the key in the write-ahead log.
		err = truncateLog(db)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// truncateLog moves all changes into the database file and cuts the write-ahead log, which holds earlier
// contents of changed pages, to nothing.
func truncateLog(db *sql.DB) error {
	var busy, frames, moved int
	if err := db.QueryRow("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &moved); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if busy != 0 {
		return errors.New("checkpoint: the key store is busy")
	}
	return nil
}

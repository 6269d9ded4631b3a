package seal

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// connectionsMax bounds the connections of one process.
const connectionsMax = 8

// Numbers of advisory locks that nobody else takes.
const (
	lockWrites = "SELECT pg_advisory_xact_lock(7237129)"
	lockMaster = "SELECT pg_advisory_xact_lock(7237130)"
)

// openPostgres opens keys that several processes share. PostgreSQL keeps overwritten rows until it vacuums,
// and in its log and backups for longer: what is found there is worthless, because the leaf is cut.
func openPostgres(url string) (*sqlStore, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the database URL: %w", err) // pgx leaves the password out
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(connectionsMax)
	db.SetMaxIdleConns(connectionsMax)
	s := &sqlStore{db: db, dialect: dialect{bytes: "BYTEA", zeros: "''", lock: lockWrites, many: true,
		erase: func(*sql.DB) error { return nil }, alone: holdMaster}}
	if err := s.init(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// holdMaster holds the lock on the master key as long as f runs; it goes with the transaction, whatever ends it.
func holdMaster(db *sql.DB, f func() error) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	if _, err = tx.Exec(lockMaster); err == nil {
		err = f()
	}
	return errors.Join(err, tx.Rollback())
}

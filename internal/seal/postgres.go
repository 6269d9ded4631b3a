package seal

import (
	"context"
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
	lockMaster = "SELECT pg_advisory_lock(7237130)"
	freeMaster = "SELECT pg_advisory_unlock(7237130)"
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

// holdMaster holds the lock on the master key as long as f runs; it goes with the connection, whatever ends it.
func holdMaster(db *sql.DB, f func() error) error {
	ctx := context.Background()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, lockMaster); err != nil {
		return err
	}
	err = f()
	_, freed := conn.ExecContext(ctx, freeMaster)
	return errors.Join(err, freed)
}

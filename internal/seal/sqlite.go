package seal

import (
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver of keys.db

	"github.com/partnerledger/partnerledger/eventstore"
)

const (
	databaseName = "keys.db"
	masterName   = "master.key"
)

//go:embed schema.sql
var schema string

// Open opens the keys under a directory, or makes new ones where neither keys.db nor master.key exists.
// One process at a time holds them, so that a person forgotten is forgotten everywhere at once.
func Open(dir string) (*Keys, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("key store: %w", err)
	}
	master, err := openMaster(filepath.Join(dir, masterName), filepath.Join(dir, databaseName))
	if err != nil {
		return nil, fmt.Errorf("key store: %w", err)
	}
	s, err := openSQLite(filepath.Join(dir, databaseName))
	if err != nil {
		return nil, fmt.Errorf("key store: %w", err)
	}
	keys, err := newKeys(s, master)
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("key store: %w", err), s.close())
	}
	return keys, nil
}

// sqliteStore keeps wrapped keys in a file. There is one connection: it holds the lock on the file.
type sqliteStore struct{ db *sql.DB }

func openSQLite(path string) (*sqliteStore, error) {
	// SQLite would make the file readable for others.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	settings := url.Values{"_pragma": {"locking_mode(EXCLUSIVE)", "journal_mode(WAL)", "synchronous(FULL)", "secure_delete(ON)", "temp_store(MEMORY)"}, "_txlock": {"immediate"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+settings.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	s := &sqliteStore{db: db}
	if _, err = db.Exec(schema); err != nil {
		err = fmt.Errorf("open %s (does another process hold it?): %w", databaseName, err)
	} else {
		// A crash right after somebody was forgotten may have left the key in the write-ahead log.
		err = s.truncateLog()
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// truncateLog moves all changes into the database file and cuts the write-ahead log, which holds earlier
// contents of changed pages, to nothing.
func (s *sqliteStore) truncateLog() error {
	var busy, frames, moved int
	if err := s.db.QueryRow("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &moved); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if busy != 0 {
		return errors.New("checkpoint: the key store is busy")
	}
	return nil
}

func (s *sqliteStore) digestKey(create func() ([]byte, error)) (wrapped []byte, err error) {
	err = s.inTx(func(tx *sql.Tx) error {
		err := tx.QueryRow("SELECT wrapped FROM ledger_keys WHERE name = 'digest'").Scan(&wrapped)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if wrapped, err = create(); err != nil {
			return err
		}
		_, err = tx.Exec("INSERT INTO ledger_keys (name, wrapped) VALUES ('digest', ?)", wrapped)
		return err
	})
	return wrapped, err
}

func (s *sqliteStore) newest(subject string) (record, error) {
	r := record{keyRef: keyRef{subject: subject}}
	err := s.db.QueryRow("SELECT generation, wrapped, forgotten FROM subject_keys WHERE subject = ? ORDER BY generation DESC LIMIT 1", subject).
		Scan(&r.generation, &r.wrapped, &r.forgotten)
	if errors.Is(err, sql.ErrNoRows) {
		return record{}, nil
	}
	return r, err
}

func (s *sqliteStore) find(ref keyRef) (wrapped []byte, err error) {
	var forgotten bool
	err = s.db.QueryRow("SELECT wrapped, forgotten FROM subject_keys WHERE subject = ? AND generation = ?", ref.subject, int64(ref.generation)).
		Scan(&wrapped, &forgotten)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, ErrNoKey
	case err == nil && forgotten:
		return nil, eventstore.ErrForgotten
	}
	return wrapped, err
}

func (s *sqliteStore) add(records []record) error {
	return s.inTx(func(tx *sql.Tx) error {
		insert, err := tx.Prepare("INSERT INTO subject_keys (subject, generation, wrapped) VALUES (?, ?, ?)")
		if err != nil {
			return err
		}
		defer insert.Close()
		for _, r := range records {
			if _, err := insert.Exec(r.subject, int64(r.generation), r.wrapped); err != nil {
				return err
			}
		}
		return nil
	})
}

// forget overwrites the keys with zeros of the same length. It cuts the log even where there was nothing
// to forget: the attempt before may have come no further than that.
func (s *sqliteStore) forget(subject, mark string) error {
	err := s.inTx(func(tx *sql.Tx) error {
		_, err := tx.Exec("UPDATE subject_keys SET wrapped = zeroblob(length(wrapped)), forgotten = 1 WHERE subject = ? AND forgotten = 0", subject)
		if err == nil && mark != "" {
			_, err = tx.Exec("INSERT INTO forgettings (mark) VALUES (?) ON CONFLICT DO NOTHING", mark)
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.truncateLog()
}

func (s *sqliteStore) marked(mark string) (done bool, err error) {
	err = s.db.QueryRow("SELECT EXISTS (SELECT 1 FROM forgettings WHERE mark = ?)", mark).Scan(&done)
	return done, err
}

func (s *sqliteStore) close() error { return s.db.Close() }

// inTx runs f in one transaction.
func (s *sqliteStore) inTx(f func(*sql.Tx) error) error {
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

package seal

import (
	"database/sql"
	_ "embed"
	"errors"
	"strings"

	"github.com/partnerledger/partnerledger/eventstore"
)

//go:embed schema.sql
var schema string

// sqlStore keeps wrapped keys in a database; sqlite.go and postgres.go open one.
type sqlStore struct {
	db *sql.DB
	dialect
}

// dialect is what differs between the databases.
type dialect struct {
	bytes string // the type of bytes
	zeros string // what a destroyed key is overwritten with
	// lock is the first statement of every transaction that writes, where a database lets several write.
	lock string
	// erase removes what the database itself keeps of overwritten keys, as far as it can.
	erase func(*sql.DB) error
	// alone holds what lets one process at a time do something.
	alone func(*sql.DB, func() error) error
	many  bool
}

func (s *sqlStore) init() error {
	return s.inTx(func(tx *sql.Tx) error {
		if _, err := tx.Exec(strings.ReplaceAll(schema, "/*bytes*/", s.bytes)); err != nil {
			return err
		}
		if _, err := tx.Exec("INSERT INTO key_epoch (n) SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM key_epoch)"); err != nil {
			return err
		}
		// Keys that came back from elsewhere are destroyed again, before anything is opened.
		_, err := tx.Exec("UPDATE data_keys SET wrapped = " + s.zeros + `, state = 1 WHERE state = 0 AND EXISTS (SELECT 1 FROM key_fences f
			WHERE f.subject = data_keys.subject AND f.generation >= data_keys.generation AND f.carried_out = 1)`)
		return err
	})
}

func (s *sqlStore) shared() bool { return s.many }
func (s *sqlStore) close() error { return s.db.Close() }

func (s *sqlStore) exclusively(f func() error) error { return s.alone(s.db, f) }

// inTx runs f in one transaction.
func (s *sqlStore) inTx(f func(*sql.Tx) error) error {
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	if s.lock != "" {
		_, err = tx.Exec(s.lock)
	}
	if err == nil {
		err = f(tx)
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func (s *sqlStore) digestKey(create func() ([]byte, error)) (wrapped []byte, err error) {
	err = s.inTx(func(tx *sql.Tx) error {
		err := tx.QueryRow("SELECT wrapped FROM ledger_keys WHERE name = 'digest'").Scan(&wrapped)
		if !errors.Is(err, sql.ErrNoRows) || create == nil {
			return known(err)
		}
		if wrapped, err = create(); err != nil {
			return err
		}
		_, err = tx.Exec("INSERT INTO ledger_keys (name, wrapped) VALUES ('digest', $1)", wrapped)
		return err
	})
	return wrapped, err
}

// known takes it for no error that there is nothing.
func known(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

const selectNewest = `SELECT leaf, generation, wrapped, state = 0 AND NOT EXISTS (SELECT 1 FROM key_fences f WHERE f.subject = k.subject AND f.generation >= k.generation)
FROM data_keys k WHERE subject = $1 ORDER BY generation DESC LIMIT 1`

func (s *sqlStore) ensure(subjects []string, wrap func(keyRef, uint32) ([]byte, error)) (all []record, err error) {
	err = s.inTx(func(tx *sql.Tx) error {
		all = make([]record, 0, len(subjects))
		for _, subject := range subjects {
			r, err := ensureOne(tx, subject, wrap)
			if err != nil {
				return err
			}
			all = append(all, r)
		}
		return nil
	})
	return all, err
}

func ensureOne(tx *sql.Tx, subject string, wrap func(keyRef, uint32) ([]byte, error)) (record, error) {
	r, seals := record{keyRef: keyRef{subject: subject}}, false
	if err := known(tx.QueryRow(selectNewest, subject).Scan(&r.leaf, &r.generation, &r.wrapped, &seals)); err != nil || seals {
		return r, err
	}
	var fenced uint64
	var last int64
	if err := tx.QueryRow("SELECT coalesce(max(generation), 0) FROM key_fences WHERE subject = $1", subject).Scan(&fenced); err != nil {
		return r, err
	}
	if err := tx.QueryRow("SELECT coalesce(max(leaf), 0) FROM data_keys").Scan(&last); err != nil {
		return r, err
	}
	r.generation = max(r.generation, fenced) + 1
	for leaf := last + 1; leaf < 1<<depth; leaf++ {
		wrapped, err := wrap(r.keyRef, uint32(leaf))
		if errors.Is(err, errLeafCut) {
			continue
		}
		if err == nil {
			r.leaf, r.wrapped = uint32(leaf), wrapped
			_, err = tx.Exec("INSERT INTO data_keys (leaf, subject, generation, wrapped) VALUES ($1, $2, $3, $4)", leaf, subject, int64(r.generation), wrapped)
		}
		return r, err
	}
	return r, errors.New("the master key has no leaf left for another key")
}

func (s *sqlStore) find(ref keyRef) (record, error) {
	r, gone := record{keyRef: ref}, false
	err := s.db.QueryRow(`SELECT leaf, wrapped, state > 0 OR EXISTS (SELECT 1 FROM key_fences f WHERE f.subject = k.subject AND f.generation >= k.generation AND f.carried_out = 1)
		FROM data_keys k WHERE subject = $1 AND generation = $2`, ref.subject, int64(ref.generation)).Scan(&r.leaf, &r.wrapped, &gone)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return r, s.missing(ref)
	case err == nil && gone:
		return r, eventstore.ErrForgotten
	}
	return r, err
}

// missing tells a key that was destroyed with its row, as an older copy of the store doesn't hold it, from one
// that never was.
func (s *sqlStore) missing(ref keyRef) error {
	var gone bool
	err := s.db.QueryRow("SELECT EXISTS (SELECT 1 FROM key_fences WHERE subject = $1 AND generation >= $2 AND carried_out = 1)", ref.subject, int64(ref.generation)).Scan(&gone)
	switch {
	case err != nil:
		return err
	case gone:
		return eventstore.ErrForgotten
	}
	return ErrNoKey
}

const (
	newestOf = "(SELECT coalesce(max(generation), 0) FROM data_keys WHERE subject = $2)"
	advance  = "UPDATE key_epoch SET n = n + 1"
)

func (s *sqlStore) fence(f Forgetting) error {
	return s.inTx(func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT INTO key_fences (mark, subject, generation, carried_out) VALUES ($1, $2, "+newestOf+", 0) "+
			"ON CONFLICT (mark) DO UPDATE SET generation = excluded.generation WHERE key_fences.carried_out = 0", f.Mark, f.Subject)
		if err == nil {
			_, err = tx.Exec(advance)
		}
		return err
	})
}

func (s *sqlStore) forget(all []Forgetting) error {
	err := s.inTx(func(tx *sql.Tx) error {
		for _, f := range all {
			if err := s.carryOut(tx, f); err != nil {
				return err
			}
		}
		_, err := tx.Exec(advance)
		return err
	})
	if err != nil {
		return err
	}
	return s.erase(s.db)
}

func (s *sqlStore) carryOut(tx *sql.Tx, f Forgetting) error {
	var generation int64
	var done int
	err := tx.QueryRow("SELECT generation, carried_out FROM key_fences WHERE mark = $1", f.Mark).Scan(&generation, &done)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		err = tx.QueryRow("INSERT INTO key_fences (mark, subject, generation, carried_out) VALUES ($1, $2, "+newestOf+", 1) RETURNING generation", f.Mark, f.Subject).Scan(&generation)
	case err == nil && done == 0:
		_, err = tx.Exec("UPDATE key_fences SET carried_out = 1 WHERE mark = $1", f.Mark)
	case err == nil:
		return nil
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec("UPDATE data_keys SET wrapped = "+s.zeros+", state = 1 WHERE subject = $1 AND generation <= $2 AND state = 0", f.Subject, generation)
	return err
}

func (s *sqlStore) destroyed(uncut bool) (leaves []uint32, err error) {
	where := "state > 0"
	if uncut {
		where = "state = 1"
	}
	rows, err := s.db.Query("SELECT leaf FROM data_keys WHERE " + where)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var leaf uint32
		if err := rows.Scan(&leaf); err != nil {
			return nil, err
		}
		leaves = append(leaves, leaf)
	}
	return leaves, rows.Err()
}

func (s *sqlStore) cut(leaves []uint32) error {
	return s.inTx(func(tx *sql.Tx) error {
		for _, leaf := range leaves {
			if _, err := tx.Exec("UPDATE data_keys SET state = 2 WHERE leaf = $1 AND state = 1", int64(leaf)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *sqlStore) epoch() (n int64, err error) {
	err = s.db.QueryRow("SELECT n FROM key_epoch").Scan(&n)
	return n, err
}

package sqldb

import (
	"database/sql/driver"
	"fmt"
	"io"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"
)

// The types whose text form is turned into a number; everything else stays text, also NUMERIC, which
// PostgreSQL makes of a sum of BIGINT and which Scan reads into an int64.
const (
	oidBool = 16
	oidInt8 = 20
	oidInt2 = 21
	oidInt4 = 23
)

type pgRows struct {
	session *pgSession
	reader  *pgconn.ResultReader
	fields  []pgconn.FieldDescription
}

func (s *pgSession) rows(r *pgconn.ResultReader) (driver.Rows, error) {
	fields := r.FieldDescriptions()
	if fields == nil { // the statement failed, or answers no rows at all
		if _, err := r.Close(); err != nil {
			return nil, s.fault(err)
		}
	}
	return &pgRows{session: s, reader: r, fields: fields}, nil
}

// Columns names the columns.
func (r *pgRows) Columns() []string {
	names := make([]string, len(r.fields))
	for i, f := range r.fields {
		names[i] = f.Name
	}
	return names
}

// Next reads one row, or tells why there is none: the end, or a break, which never looks like the end.
func (r *pgRows) Next(values []driver.Value) error {
	if !r.reader.NextRow() {
		if _, err := r.reader.Close(); err != nil {
			return r.session.fault(err)
		}
		return io.EOF
	}
	for i, text := range r.reader.Values() {
		v, err := pgValue(r.fields[i].DataTypeOID, text)
		if err != nil {
			return fmt.Errorf("column %s: %w", r.fields[i].Name, err)
		}
		values[i] = v
	}
	return nil
}

// Close reads to the end, so that the connection is free again.
func (r *pgRows) Close() error {
	_, err := r.reader.Close()
	return err
}

func pgValue(oid uint32, text []byte) (driver.Value, error) {
	if text == nil {
		return nil, nil
	}
	switch oid {
	case oidInt2, oidInt4, oidInt8:
		return strconv.ParseInt(string(text), 10, 64)
	case oidBool:
		return string(text) == "t", nil
	default:
		return string(text), nil
	}
}

// pgTexts writes arguments in PostgreSQL's text form. They have passed plain, so these types are all.
func pgTexts(args []driver.NamedValue) [][]byte {
	texts := make([][]byte, len(args))
	for i, arg := range args {
		switch v := arg.Value.(type) {
		case nil:
		case int64:
			texts[i] = strconv.AppendInt(nil, v, 10)
		case string:
			texts[i] = append([]byte{}, v...) // not nil even when empty: nil is NULL
		case []byte:
			texts[i] = fmt.Appendf(nil, `\x%x`, v)
		default:
			texts[i] = fmt.Append(nil, v)
		}
	}
	return texts
}

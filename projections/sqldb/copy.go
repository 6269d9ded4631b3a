package sqldb

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/stdlib"
)

// Listing says which columns of a table are copied, and in which order the rows.
type Listing struct {
	Table   string
	Columns []string
	By      []string // columns that no two rows have alike
}

// Copy writes the rows of a table in the text form of PostgreSQL's COPY, and gives how many there are: a line for each
// row, its columns separated by tabs, NULL as \N, numbers in decimal, texts in UTF-8 with \\, \t, \n, \r, \b, \f and \v
// for what would be read as something else. Texts are sorted by their bytes. So it is the same for the same rows in
// every database, and psql gives it too, of columns c and d in the order of a text c:
//
//	COPY (SELECT c, d FROM t ORDER BY c COLLATE "C") TO STDOUT
//
// It holds no more than a row in memory. The Reader MUST be that of a Snapshot.
func Copy(ctx context.Context, r Reader, w io.Writer, l Listing) (rows int64, err error) {
	tx, ok := r.(*Tx)
	if !ok {
		return 0, fmt.Errorf("copy table %s: only a snapshot can be copied", l.Table)
	}
	query := "SELECT " + strings.Join(l.Columns, ", ") + " FROM " + l.Table + " ORDER BY "
	if tx.s.name == postgresName {
		order, err := tx.byBytes(ctx, l)
		if err != nil {
			return 0, fmt.Errorf("copy table %s: %w", l.Table, err)
		}
		rows, err = tx.copyTo(ctx, w, "COPY ("+query+order+") TO STDOUT (ENCODING 'UTF8')")
	} else {
		rows, err = tx.copyLines(ctx, w, query+strings.Join(l.By, ", "))
	}
	if err != nil {
		return rows, fmt.Errorf("copy table %s: %w", l.Table, err)
	}
	return rows, nil
}

// byBytes is the order of the listing for PostgreSQL, which sorts texts by the rules of a language otherwise.
func (t *Tx) byBytes(ctx context.Context, l Listing) (string, error) {
	none, err := t.Query(ctx, "SELECT "+strings.Join(l.By, ", ")+" FROM "+l.Table+" LIMIT 0")
	if err != nil {
		return "", err
	}
	defer none.Close()
	types, err := none.ColumnTypes()
	if err != nil {
		return "", err
	}
	order := slices.Clone(l.By)
	for i, c := range types {
		if c.DatabaseTypeName() == "TEXT" {
			order[i] += ` COLLATE "C"`
		}
	}
	return strings.Join(order, ", "), none.Err()
}

// copyTo lets PostgreSQL write the lines itself.
func (t *Tx) copyTo(ctx context.Context, w io.Writer, statement string) (rows int64, err error) {
	err = t.s.conn.Raw(func(driver any) error {
		tag, err := driver.(*stdlib.Conn).Conn().PgConn().CopyTo(ctx, w, statement)
		rows = tag.RowsAffected()
		return err
	})
	return rows, err
}

// copyLines writes the same lines.
func (t *Tx) copyLines(ctx context.Context, w io.Writer, query string) (n int64, err error) {
	rows, err := t.Query(ctx, query)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return 0, err
	}
	line := &copiedLine{}
	cells := make([]any, len(columns))
	for i := range cells {
		cells[i] = line
	}
	out := bufio.NewWriterSize(w, 64<<10)
	for ; rows.Next(); n++ {
		line.text = line.text[:0]
		if err := rows.Scan(cells...); err != nil {
			return n, err
		}
		line.text[len(line.text)-1] = '\n'
		if _, err := out.Write(line.text); err != nil {
			return n, err
		}
	}
	return n, errors.Join(rows.Err(), out.Flush())
}

// copiedLine is a line as it is written, cell after cell.
type copiedLine struct{ text []byte }

// Scan adds a cell. SQLite stores whatever it is given, so what PostgreSQL would not hold in such a column is refused
// here, and doesn't pass for the text that it looks like.
func (c *copiedLine) Scan(value any) error {
	switch v := value.(type) {
	case nil:
		c.text = append(c.text, `\N`...)
	case int64:
		c.text = strconv.AppendInt(c.text, v, 10)
	case string:
		if !utf8.ValidString(v) || strings.IndexByte(v, 0) >= 0 {
			return fmt.Errorf("%q is no text", v)
		}
		c.add(v)
	default:
		return fmt.Errorf("it holds a %T, which no read model writes", value)
	}
	c.text = append(c.text, '\t')
	return nil
}

func (c *copiedLine) add(text string) {
	if !strings.ContainsAny(text, special) {
		c.text = append(c.text, text...)
		return
	}
	for _, b := range []byte(text) {
		if at := strings.IndexByte(special, b); at >= 0 {
			c.text = append(c.text, '\\', escaped[at])
		} else {
			c.text = append(c.text, b)
		}
	}
}

// The bytes that stand for themselves only with a backslash, and what stands behind it.
const (
	special = "\\\t\n\r\b\f\v"
	escaped = `\tnrbfv`
)

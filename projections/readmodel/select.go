package readmodel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// Select is a query being put together: a text of SQL with conditions of which only those asked for
// are added, so that the database sees plain conditions and uses its indexes.
//
// In the text {where} stands where further conditions go, each begun with AND, and {page} where the
// order and the limit go, unless that is the end.
type Select struct {
	text  string
	args  []any
	where strings.Builder
	tail  string
}

// From begins with a text whose placeholders $1… are these arguments.
func From(text string, args ...any) *Select {
	return &Select{text: text, args: args}
}

// And adds a condition; each ? in it is the next of these arguments.
func (s *Select) And(condition string, args ...any) *Select {
	s.where.WriteString("\n  AND ")
	for _, arg := range args {
		before, after, _ := strings.Cut(condition, "?")
		s.args = append(s.args, arg)
		s.where.WriteString(before + "$" + strconv.Itoa(len(s.args)))
		condition = after
	}
	s.where.WriteString(condition)
	return s
}

// When adds a condition on one value, unless the value is empty: nobody asked for it.
func When[V ~string](s *Select, value V, condition string) {
	if value != "" {
		s.And(condition, value)
	}
}

// OfCustomer asks for the rows of a customer, in which the table of this alias has a provider and a customer.
// Asked for by its own id alone, it is found by the customers' index: keys begin with the provider.
func OfCustomer[P, C ~string](s *Select, alias string, provider P, customer C) {
	When(s, provider, alias+".provider_tenant_id = ?")
	When(s, customer, alias+".customer_tenant_id = ?")
	if provider == "" {
		When(s, customer, "("+alias+".provider_tenant_id, "+alias+`.customer_tenant_id) IN
    (SELECT k.provider_tenant_id, k.customer_tenant_id FROM customers k WHERE k.customer_tenant_id = ?)`)
	}
}

// Search adds that the text of the column contains the words, without regard to case.
func (s *Select) Search(column, words string) *Select {
	if words == "" {
		return s
	}
	return s.Contains(words, column)
}

// Contains adds that the text of one of the columns contains the words, without regard to case. Which letters
// beyond ASCII have a case depends on the database: they are looked for as they stand, too.
func (s *Select) Contains(words string, columns ...string) *Select {
	spellings := []string{pattern(strings.ToLower(words))}
	if plain := pattern(strings.Map(lowerASCII, words)); plain != spellings[0] {
		spellings = append(spellings, plain)
	}
	var conditions []string
	var args []any
	for _, column := range columns {
		for _, spelling := range spellings {
			conditions = append(conditions, "LOWER("+column+`) LIKE ? ESCAPE '\'`)
			args = append(args, spelling)
		}
	}
	return s.And("("+strings.Join(conditions, " OR ")+")", args...)
}

// pattern finds the words anywhere.
func pattern(words string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(words) + "%"
}

func lowerASCII(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}

// Order ends the query with an order and no limit.
func (s *Select) Order(columns string) *Select {
	s.tail = "\nORDER BY " + columns
	return s
}

func (s *Select) sql() string {
	text := strings.Replace(s.text, "{where}", s.where.String(), 1)
	if strings.Contains(text, "{page}") {
		return strings.Replace(text, "{page}", s.tail, 1)
	}
	return text + s.tail
}

// All runs the query and reads every row. A read that breaks is an error, never a shorter list.
func All[T any](ctx context.Context, r sqldb.Reader, s *Select, fields func(*T) []any) ([]T, error) {
	rows, err := r.Query(ctx, s.sql(), s.args...)
	if err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	defer rows.Close()
	list := []T{}
	for rows.Next() {
		var row T
		if err := rows.Scan(fields(&row)...); err != nil {
			return nil, fmt.Errorf("read row %d: %w", len(list), err)
		}
		list = append(list, row)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read rows: %w", err)
	}
	return list, nil
}

// List is what one page of a query needs to know: the columns that order it, together unique; what a
// row is scanned into; and the values of those columns in a row, texts and instants.
type List[T any] struct {
	OrderBy []string
	Fields  func(*T) []any
	Key     func(T) []any
}

// Page runs the query for one page. It reads one row more than the page holds to learn whether there is another page.
func (l List[T]) Page(ctx context.Context, r sqldb.Reader, s *Select, p Page) (Slice[T], error) {
	if err := l.place(s, p); err != nil {
		return Slice[T]{}, err
	}
	rows, err := All(ctx, r, s, l.Fields)
	if err != nil {
		return Slice[T]{}, err
	}
	if p.all || len(rows) <= p.limit() {
		return Slice[T]{Items: rows}, nil
	}
	rows = rows[:p.limit()]
	next, err := l.After(rows[len(rows)-1])
	return Slice[T]{Items: rows, Next: next}, err
}

// After is the cursor of the page that begins after the row.
func (l List[T]) After(row T) (string, error) { return cursor(plain(l.Key(row))) }

// place adds where the page begins, its order and its length.
func (l List[T]) place(s *Select, p Page) error {
	order := strings.Join(l.OrderBy, ", ")
	if p.After != "" {
		key, err := p.key(len(l.OrderBy))
		if err != nil {
			return err
		}
		s.And("("+order+") > (?"+strings.Repeat(", ?", len(key)-1)+")", key...)
	}
	s.Order(order)
	if !p.all {
		s.tail += "\nLIMIT " + strconv.Itoa(p.limit()+1)
	}
	return nil
}

// plain gives instants as numbers; the rest are texts.
func plain(key []any) []any {
	for i, part := range key {
		if at, ok := part.(domain.Instant); ok {
			key[i] = int64(at)
		}
	}
	return key
}

// One reads a single row; found is false where there is none.
func One[T any](ctx context.Context, r sqldb.Reader, s *Select, fields func(*T) []any) (row T, found bool, err error) {
	switch err := r.QueryRow(ctx, s.sql(), s.args...).Scan(fields(&row)...); {
	case errors.Is(err, sql.ErrNoRows):
		return row, false, nil
	case err != nil:
		return row, false, fmt.Errorf("read one row: %w", err)
	default:
		return row, true, nil
	}
}

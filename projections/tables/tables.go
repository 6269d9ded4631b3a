// Package tables lets projections work on rows as plain Go values, and writes what changed in bulk.
//
// A projection that runs one statement for every event is limited by the statements. Here it reads and
// changes rows in memory; once a batch of events is folded, the rows that differ from the database are
// written, each once, many to a statement, in the order of their keys. Rows that a fold looks at and that
// aren't in memory are read from the database; a rebuild, which begins with empty tables, holds the whole
// state and reads nothing.
//
// Of describes a table by a struct, On an index of it, Rows is what one projection holds.
package tables

import (
	"fmt"
	"reflect"
	"strings"
)

// Table describes a table whose rows are values of R with keys of type K.
//
// The fields of R are its columns, in the order of the schema and tagged `sql:"name"`. Those tagged
// `sql:"name,key"` come first and are the primary key. A field tagged `sql:"name,null"` is NULL where it is
// empty; a pointer is NULL where it is nil. Fields are strings, integers and bools, or pointers to them.
type Table[K comparable, R any] struct {
	name    string
	columns []column
	keys    int
	key     func(*R) K
	final   func(*R) bool
	once    bool
	indexes []index[R]
}

// column is one column and the field of the row that it is.
type column struct {
	name  string
	field int
	text  bool
	null  bool // an empty value is written as NULL
}

// Of describes a table. It panics where the struct isn't as Table wants it: that is a fault of the program.
func Of[K comparable, R any](name string, key func(*R) K) *Table[K, R] {
	t := &Table[K, R]{name: name, key: key}
	row := reflect.TypeFor[R]()
	for i := range row.NumField() {
		c, isKey := columnOf(name, row.Field(i), i)
		if isKey && t.keys != i {
			panic(fmt.Sprintf("table %s: the key columns must come first, %s doesn't", name, c.name))
		}
		if isKey {
			t.keys++
		}
		t.columns = append(t.columns, c)
	}
	if t.keys == 0 {
		panic(fmt.Sprintf("table %s has no key", name))
	}
	return t
}

func columnOf(table string, f reflect.StructField, i int) (c column, isKey bool) {
	name, option, _ := strings.Cut(f.Tag.Get("sql"), ",")
	kind, pointer := f.Type.Kind(), f.Type.Kind() == reflect.Pointer
	if pointer {
		kind = f.Type.Elem().Kind()
	}
	switch kind {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int64, reflect.Uint64:
	default:
		panic(fmt.Sprintf("table %s: column %q can't hold a %s", table, name, f.Type))
	}
	if name == "" || option != "" && option != "key" && option != "null" {
		panic(fmt.Sprintf("table %s: the tag of field %s names no column", table, f.Name))
	}
	if pointer && option != "" {
		panic(fmt.Sprintf("table %s: column %q is a pointer, which can't be a key and needs no null", table, name))
	}
	return column{name: name, field: i, text: kind == reflect.String, null: option == "null"}, option == "key"
}

// Final says which rows are complete: the fold MUST NOT look at them or change them again. They leave the
// memory with the batch that wrote them, so that a rebuild holds the state and not the history.
func (t *Table[K, R]) Final(is func(*R) bool) *Table[K, R] {
	t.final = is
	return t
}

// Once says that all rows are final: each is made by one event, and no other event looks at it.
func (t *Table[K, R]) Once() *Table[K, R] {
	t.once = true
	return t.Final(func(*R) bool { return true })
}

// Name is the table's name in the schema.
func (t *Table[K, R]) Name() string { return t.name }

// Columns are the table's columns, of which the first keys are the primary key.
func (t *Table[K, R]) Columns() (all []string, keys int) { return names(t.columns), t.keys }

// isFinal tells whether nobody will look at the row again.
func (t *Table[K, R]) isFinal(r *R) bool { return t.final != nil && t.final(r) }

// values are what the columns of a row hold, as drivers know it: string, int64 or nil.
func (t *Table[K, R]) values(r *R, columns []column) []any {
	out := make([]any, len(columns))
	fill(out, r, columns)
	return out
}

func fill[R any](out []any, r *R, columns []column) {
	row := reflect.ValueOf(r).Elem()
	for i, c := range columns {
		out[i] = c.value(row.Field(c.field))
	}
}

func (c column) value(v reflect.Value) any {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	} else if c.null && v.IsZero() {
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Bool:
		if v.Bool() {
			return int64(1)
		}
		return int64(0)
	case reflect.Uint64:
		return int64(v.Uint())
	default:
		return v.Int()
	}
}

// targets are what a row of the database is scanned into.
func (t *Table[K, R]) targets(r *R) []any {
	row, out := reflect.ValueOf(r).Elem(), make([]any, len(t.columns))
	for i, c := range t.columns {
		out[i] = row.Field(c.field).Addr().Interface()
		if c.null {
			out[i] = &emptied{out[i]}
		}
	}
	return out
}

// Index finds rows by some of their columns; those are in it for which the condition holds.
type Index[I comparable, K comparable, R any] struct {
	table     *Table[K, R]
	key       func(*R) I
	columns   []column
	where     string
	condition func(*R) bool
	number    int
}

// index is what a table knows of an index: where a row belongs, if anywhere.
type index[R any] interface {
	place(*R) (any, bool)
}

// On describes an index of a table by the names of its columns. The condition, nil for none, is said twice:
// for rows in memory, and as SQL, which follows an AND. A row may come into the index and leave it.
func On[I comparable, K comparable, R any](t *Table[K, R], key func(*R) I, condition func(*R) bool, where string, columns ...string) *Index[I, K, R] {
	x := &Index[I, K, R]{table: t, key: key, condition: condition, where: where, number: len(t.indexes)}
	for _, name := range columns {
		x.columns = append(x.columns, t.column(name))
	}
	t.indexes = append(t.indexes, x)
	return x
}

func (t *Table[K, R]) column(name string) column {
	for _, c := range t.columns {
		if c.name == name {
			return c
		}
	}
	panic(fmt.Sprintf("table %s has no column %q", t.name, name))
}

func (x *Index[I, K, R]) place(r *R) (any, bool) {
	if x.condition != nil && !x.condition(r) {
		return nil, false
	}
	return x.key(r), true
}

// emptied scans NULL as the empty value.
type emptied struct{ target any }

// Scan leaves the target as it is, which is empty, where the column is NULL.
func (e *emptied) Scan(value any) error {
	if value == nil {
		return nil
	}
	target := reflect.ValueOf(e.target).Elem()
	switch v := value.(type) {
	case string:
		target.SetString(v)
	case []byte:
		target.SetString(string(v))
	case int64:
		switch target.Kind() {
		case reflect.Bool:
			target.SetBool(v != 0)
		case reflect.Uint64:
			target.SetUint(uint64(v))
		default:
			target.SetInt(v)
		}
	default:
		return fmt.Errorf("a column that may be NULL holds a %T", value)
	}
	return nil
}

package readmodel

import (
	"context"
	"fmt"
	"strings"

	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// Exec runs a statement that changes rows; its error begins with the statement's first line.
func Exec(ctx context.Context, tx *sqldb.Tx, statement string, args ...any) error {
	if _, err := tx.Exec(ctx, statement, args...); err != nil {
		return fmt.Errorf("%s: %w", firstLine(statement), err)
	}
	return nil
}

func firstLine(statement string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(statement), "\n")
	return line
}

// Null is the value, or NULL where it is empty.
func Null[V comparable](value V) any {
	var empty V
	if value == empty {
		return nil
	}
	return value
}

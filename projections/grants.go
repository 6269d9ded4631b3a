package projections

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// grant lets analysts read the live tables of a projection, and nothing else: neither checkpoints and orders, nor what
// other packages keep in the same database. It is done in the transaction that makes the tables live, so that
// no moment is without; a build that is replaced stays readable until it is dropped.
func (r *Runner) grant(ctx context.Context, tx *sqldb.Tx, p Projection) error {
	if r.options.Analysts == "" {
		return nil
	}
	if !r.db.Postgres() {
		return errors.New("only PostgreSQL has roles to which read models can be opened")
	}
	var schema string
	if err := tx.QueryRow(ctx, "SELECT current_schema()").Scan(&schema); err != nil {
		return fmt.Errorf("open the read models to %s: %w", r.options.Analysts, err)
	}
	role := quoted(r.options.Analysts)
	grants := "GRANT USAGE ON SCHEMA " + quoted(schema) + " TO " + role + ";\n"
	for _, table := range tablesOf(p.Schema()) {
		grants += "GRANT SELECT ON " + table + " TO " + role + ";\n"
	}
	if err := tx.Script(ctx, grants); err != nil {
		return fmt.Errorf("open the read models to %s, a role that must exist: %w", r.options.Analysts, err)
	}
	return nil
}

// quoted is a name as it stands, whatever characters it has.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

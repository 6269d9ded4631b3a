package main

import (
	"context"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// change is a command of scripts: change SQL runs a statement on the read models behind the daemon's back.
func change(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: change SQL")
	}
	ctx := context.Background()
	db, err := sqldb.Open(ctx, "sqlite:"+ts.MkAbs("data/readmodels.db"))
	ts.Check(err)
	ts.Check(db.Write(ctx, func(tx *sqldb.Tx) error {
		result, err := tx.Exec(ctx, args[0])
		if err != nil {
			return err
		}
		if rows, err := result.RowsAffected(); err != nil || rows == 0 {
			ts.Fatalf("%s changed %d rows: %v", args[0], rows, err)
		}
		return nil
	}))
	ts.Check(db.Close())
}

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/internal/ledgerdtest"
)

// TestScripts is the daemon's specification, as whoever starts it sees it. UPDATE=1 rewrites what the
// scripts compare with.
func TestScripts(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	bin := t.TempDir()
	require.NoError(t, os.Symlink(self, filepath.Join(bin, "ledgerd")))
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", Cmds: ledgerdtest.Commands(), UpdateScripts: os.Getenv("UPDATE") != "", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			ledgerdtest.Prepare(env)
			env.Setenv("PATH", bin+string(filepath.ListSeparator)+env.Getenv("PATH"))
			env.Setenv(asDaemon, "1") // which makes this test's own binary the daemon
			return nil
		},
	})
}

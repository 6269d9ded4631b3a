package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/esdb"
	"github.com/partnerledger/partnerledger/eventstore/esdbnode"
)

// servedStore is an event store run as the command runs it.
type servedStore struct {
	connection string
	stop       func() error
}

func serveEventStore(t *testing.T, args ...string) servedStore {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := runEventStore(ctx, append(args, "--listen", "127.0.0.1:0"), func(string) string { return "" }, in)
		in.CloseWithError(io.EOF)
		ended <- err
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	connection, ok := strings.CutPrefix(strings.TrimSpace(line), "ledgerd eventstore answers at ")
	require.True(t, ok, line)
	return servedStore{connection: connection, stop: func() error { cancel(); return <-ended }}
}

// Ensure that the event store serves clients and health checks, ends cleanly when asked to, and goes on where it was.
func TestEventStore_Serves(t *testing.T) {
	dir := t.TempDir()
	var first eventstore.Position
	for round := range 2 {
		served := serveEventStore(t, "--data", dir)
		address := strings.TrimSuffix(strings.TrimPrefix(served.connection, "esdb://"), "?tls=false")
		response, err := http.Get("http://" + address + "/health/live")
		require.NoError(t, err)
		response.Body.Close()
		require.Equal(t, http.StatusNoContent, response.StatusCode)
		store, err := esdb.Open(esdb.Options{ConnectionString: served.connection})
		require.NoError(t, err)
		// The same append twice is one event, also across a restart.
		id := uuid.NewSHA1(uuid.NameSpaceOID, []byte("one"))
		done, err := store.Append(t.Context(), "mpn-1", eventstore.NoStream, eventstore.Proposed{ID: id, Type: "t", Data: []byte(`{}`), Metadata: []byte(`{}`)})
		require.NoError(t, err)
		if round == 0 {
			first = done.Position
		}
		require.Equal(t, first, done.Position)
		require.NoError(t, store.Close())
		require.NoError(t, served.stop())
	}
	var out strings.Builder
	require.NoError(t, runEventStore(t.Context(), []string{"verify", "--data", dir}, os.Getenv, &out))
	require.Contains(t, out.String(), "events      1, removed")
}

// Ensure that verify names the damage, and still says how far the log is sound.
func TestEventStore_VerifyDamage(t *testing.T) {
	dir := t.TempDir()
	served := serveEventStore(t, "--data", dir)
	require.NoError(t, served.stop())
	file := filepath.Join(dir, "00000000000000000000.log")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	text[3] ^= 1
	require.NoError(t, os.WriteFile(file, text, 0o600))
	var out strings.Builder
	err = runEventStore(t.Context(), []string{"verify", "--data", dir}, os.Getenv, &out)
	var damaged *esdbnode.CorruptError
	require.ErrorAs(t, err, &damaged)
	require.Contains(t, out.String(), "events      0")
	require.NotContains(t, out.String(), "sound")
}

// Ensure that a flag wins over the environment, a file over a password in it, and that no fault tells a password.
func TestEventStore_Settings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(file, []byte("from the file\r\nsecond line\n"), 0o600))
	environment := map[string]string{
		"LEDGERD_EVENTSTORE_DATA": "there", "LEDGERD_EVENTSTORE_LISTEN": "127.0.0.1:1", "LEDGERD_EVENTSTORE_LOG_JSON": "true",
		"LEDGERD_EVENTSTORE_ADMIN_PASSWORD": "from the environment", "LEDGERD_EVENTSTORE_OPS_PASSWORD": "top-secret",
	}
	getenv := func(name string) string { return environment[name] }
	var c eventStoreConfig
	require.NoError(t, c.parse(c.flags(""), "", []string{"--listen", "127.0.0.1:2", "--admin-password-file", file}, getenv))
	require.Equal(t, "there", c.data)
	require.Equal(t, "127.0.0.1:2", c.listen)
	require.True(t, c.logJSON)
	require.Equal(t, esdbnode.Password("from the file"), c.adminPassword)
	require.Equal(t, esdbnode.Password("top-secret"), c.opsPassword)

	environment["LEDGERD_EVENTSTORE_MEMORY"] = "perhaps"
	var d eventStoreConfig
	err := d.parse(d.flags(""), "", nil, getenv)
	require.ErrorContains(t, err, "LEDGERD_EVENTSTORE_MEMORY")
	require.NotContains(t, err.Error(), "top-secret")
}

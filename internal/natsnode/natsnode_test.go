package natsnode_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/internal/natsnode"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func stream(ctx context.Context, t *testing.T, conn *nats.Conn) jetstream.Stream {
	t.Helper()
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	s, err := js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{Name: "TEST", Subjects: []string{"test.>"}})
	require.NoError(t, err)
	return s
}

func TestMessagesSurviveARestart(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	dir := t.TempDir()
	for run := range uint64(2) {
		node, err := natsnode.Start(natsnode.Options{Dir: dir, Logger: quiet()})
		require.NoError(t, err)
		conn, err := nats.Connect(node.ClientURL())
		require.NoError(t, err)
		s := stream(ctx, t, conn)
		require.Equal(t, run, s.CachedInfo().State.Msgs)
		js, err := jetstream.New(conn)
		require.NoError(t, err)
		_, err = js.Publish(ctx, "test.one", []byte("kept"))
		require.NoError(t, err)
		conn.Close()
		node.Close()
	}
}

func TestReachedWithinTheProcessWithoutAnyPort(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	node, err := natsnode.Start(natsnode.Options{Dir: t.TempDir(), DontListen: true, Logger: quiet()})
	require.NoError(t, err)
	defer node.Close()
	conn, err := node.Conn()
	require.NoError(t, err)
	defer conn.Close()
	require.EqualValues(t, natsnode.MaxMessage, conn.MaxPayload())
	stream(ctx, t, conn)
}

// What the server calls fatal would end the process of an ordinary server; here Start says it.
func TestSaysWhyItDidNotStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := natsnode.Start(natsnode.Options{Dir: file, Logger: quiet()})
	require.ErrorContains(t, err, file)

	blocked := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(blocked, "jetstream"), nil, 0o600))
	_, err = natsnode.Start(natsnode.Options{Dir: blocked, Logger: quiet()})
	require.ErrorContains(t, err, "JetStream")

	_, err = natsnode.Start(natsnode.Options{Dir: t.TempDir(), Listen: "nowhere"})
	require.ErrorContains(t, err, "listen address")
	_, err = natsnode.Start(natsnode.Options{})
	require.ErrorContains(t, err, "data directory")
}

//go:build linux

package natsnode_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
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

// Ensure a server that surrendered to a full disk is replaced once there is room, with its messages and on its port, and
// that connections within the process find the next one.
func TestIsReplacedOnceThereIsRoomAgain(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=67108864,mode=0700"); err != nil {
		t.Logf("this machine lets nobody make a disk that can be filled: %v; the campaign does where it can", err)
		return
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	node, err := natsnode.Start(natsnode.Options{Dir: dir, Logger: quiet()})
	require.NoError(t, err)
	defer node.Close()
	before := node.ClientURL()
	conn, err := node.Conn(nats.MaxReconnects(-1), nats.ReconnectWait(10*time.Millisecond))
	require.NoError(t, err)
	defer conn.Close()
	stream(ctx, t, conn)
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	kept := uint64(0)
	publish := func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		ack, err := js.Publish(ctx, "test.one", make([]byte, 1<<20))
		if err == nil {
			kept = ack.Sequence
		}
		return err
	}
	for err == nil {
		err = publish(ctx)
	}
	full := kept
	require.Positive(t, full)
	require.Error(t, publish(ctx), "and again")
	require.NoError(t, syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=134217728,mode=0700"))
	require.Eventually(t, func() bool { return publish(ctx) == nil }, 30*time.Second, 10*time.Millisecond)
	require.Equal(t, before, node.ClientURL())
	require.GreaterOrEqual(t, kept, full, "what was there stays, all but what was written by half")
}

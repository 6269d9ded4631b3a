package esdbnode

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
)

// Ensure that a connection without any call may ping for as long as it likes. The clients do, every ten seconds, and
// grpc's default would end an idle subscription's connection at the third ping.
func TestKeepalive_IdleConnectionMayPing(t *testing.T) {
	conn, err := net.Dial("tcp", memoryNode(t).Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(testTimeout)))
	_, err = conn.Write([]byte(http2.ClientPreface))
	require.NoError(t, err)
	framer := http2.NewFramer(conn, conn)
	require.NoError(t, framer.WriteSettings())
	pace := time.NewTicker(pingInterval + pingInterval/4)
	defer pace.Stop()
	for i := range 6 {
		<-pace.C
		require.NoError(t, framer.WritePing(false, [8]byte{byte(i)}))
		awaitPong(t, framer, byte(i))
	}
}

// awaitPong reads frames until the answer to a ping; a connection that is being ended instead fails the test.
func awaitPong(t *testing.T, framer *http2.Framer, want byte) {
	t.Helper()
	for {
		frame, err := framer.ReadFrame()
		require.NoError(t, err)
		switch f := frame.(type) {
		case *http2.GoAwayFrame:
			require.Fail(t, "the connection was ended", "%v %s", f.ErrCode, f.DebugData())
		case *http2.PingFrame:
			if f.IsAck() {
				require.Equal(t, want, f.Data[0])
				return
			}
			require.NoError(t, framer.WritePing(true, f.Data))
		case *http2.SettingsFrame:
			if !f.IsAck() {
				require.NoError(t, framer.WriteSettingsAck())
			}
		}
	}
}

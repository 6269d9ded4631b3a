package esdb

import (
	"errors"
	"os"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/esdbnode"
	"github.com/partnerledger/partnerledger/eventstore/eventstoretest"
)

// Ensure that a subscription that finds an older copy of the log, or an empty one, behind the same address
// after an outage ends with the reason.
func TestSubscribe_WentBack(t *testing.T) {
	for name, kept := range map[string]int{"a backup": 5, "an empty log": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			backup := t.TempDir()
			n := startOn(t, backup)
			s := connect(t, n.ConnectionString())
			if kept > 0 {
				eventstoretest.Append(t, s, "stream-1", eventstore.NoStream, eventstoretest.Events(kept)...)
			}
			require.NoError(t, s.Close())
			require.NoError(t, n.Close())
			dir := t.TempDir()
			require.NoError(t, os.CopyFS(dir, os.DirFS(backup)))

			lost, restored := startOn(t, dir), startOn(t, backup)
			eventstoretest.Append(t, connect(t, lost.ConnectionString()), "stream-1", eventstore.Revision(kept-1), eventstoretest.Events(5)...)
			p := newProxy(t, lost.Addr().String())
			came := 0
			var ended error
			for _, err := range connect(t, p.connectionString()).Subscribe(bounded(t), eventstore.Beginning) {
				if ended = err; err != nil {
					break
				}
				if came++; came == kept+5 {
					p.down()
					p.target = restored.Addr().String()
					p.up()
				}
			}
			require.ErrorIs(t, ended, eventstore.ErrWentBack)
			require.Equal(t, kept+5, came)
		})
	}
}

// Ensure that nothing is delivered of a log in which another event stands in the very place of the last one:
// such a server sees nothing wrong with the subscription.
func TestSubscribe_AnotherHistoryInTheSamePlaces(t *testing.T) {
	confirmed := &streams.ReadResp{Content: &streams.ReadResp_Confirmation{Confirmation: &streams.ReadResp_SubscriptionConfirmation{SubscriptionId: "s"}}}
	other := said("stream-1", "First", 0, 100)
	other.GetEvent().Event.Id = &shared.UUID{Value: &shared.UUID_String_{String_: "1d5f2c1e-6f0a-5d9e-9a55-a1b2c3d4e5f6"}}
	calls := 0
	s := play(t, &script{read: func(req *streams.ReadReq, call streams.Streams_ReadServer) error {
		if req.GetOptions().GetStream() != nil {
			return call.Send(other)
		}
		if calls++; calls == 1 {
			return errors.Join(call.Send(confirmed), call.Send(said("stream-1", "First", 0, 100)))
		}
		return errors.Join(call.Send(confirmed), call.Send(said("stream-1", "Second", 1, 200)))
	}}, Options{})
	var came []string
	var ended error
	for e, err := range s.Subscribe(bounded(t), eventstore.Beginning) {
		if ended = err; err != nil {
			break
		}
		came = append(came, e.Type)
	}
	require.ErrorIs(t, ended, eventstore.ErrWentBack)
	require.Equal(t, []string{"First"}, came)
	require.Equal(t, 2, calls, "the server was asked again, and nothing of it was believed")
}

func startOn(t *testing.T, dir string) *esdbnode.Node {
	t.Helper()
	n, err := esdbnode.Start(t.Context(), esdbnode.Options{Dir: dir})
	require.NoError(t, err)
	t.Cleanup(func() { _ = n.Close() })
	return n
}

package esdbnode

import (
	"context"
	"net"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"google.golang.org/grpc/peer"
)

// gossipService answers clients that look for a cluster: there is one member, and it leads.
type gossipService struct {
	gossip.UnimplementedGossipServer
	node *Node
}

// Read names the address the node really listens on, since clients connect again to what they are told.
func (s *gossipService) Read(ctx context.Context, _ *shared.Empty) (*gossip.ClusterInfo, error) {
	came := net.Addr(nil)
	if p, ok := peer.FromContext(ctx); ok {
		came = p.LocalAddr
	}
	host, port := s.node.reachable(came)
	return &gossip.ClusterInfo{Members: []*gossip.MemberInfo{{
		InstanceId:   structuredUUID(s.node.id),
		TimeStamp:    ticks(s.node.now()),
		State:        gossip.MemberInfo_Leader,
		IsAlive:      true,
		HttpEndPoint: &gossip.EndPoint{Address: host, Port: uint32(port)},
	}}}, nil
}

// reachable is where a client finds the node: at the advertised host, else where it listens; and when that is every
// address there is, at the one by which the client came.
func (n *Node) reachable(came net.Addr) (host string, port int) {
	listening := n.Addr()
	if n.advertise != "" {
		return n.advertise, listening.Port
	}
	if used, ok := came.(*net.TCPAddr); ok && listening.IP.IsUnspecified() {
		return used.IP.String(), listening.Port
	}
	return listening.IP.String(), listening.Port
}

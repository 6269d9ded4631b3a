package esdbnode

import (
	"context"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
)

// gossipService answers clients that look for a cluster: there is one member, and it leads.
type gossipService struct {
	gossip.UnimplementedGossipServer
	node *Node
}

// Read names the address the node really listens on, since clients connect again to what they are told.
func (s *gossipService) Read(context.Context, *shared.Empty) (*gossip.ClusterInfo, error) {
	address := s.node.Addr()
	return &gossip.ClusterInfo{Members: []*gossip.MemberInfo{{
		InstanceId:   structuredUUID(s.node.id),
		TimeStamp:    ticks(s.node.now()),
		State:        gossip.MemberInfo_Leader,
		IsAlive:      true,
		HttpEndPoint: &gossip.EndPoint{Address: address.IP.String(), Port: uint32(address.Port)},
	}}}, nil
}

package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/internal/wire"
)

// Ensure somebody who waits is told that no projector runs only where none has begun with anything.
func TestNoneTaken(t *testing.T) {
	of := func(states ...string) (orders []wire.ProjectionOrder) {
		for _, s := range states {
			orders = append(orders, wire.ProjectionOrder{State: s})
		}
		return orders
	}
	require.True(t, noneTaken(of(wire.OrderWaiting, wire.OrderWaiting)))
	require.False(t, noneTaken(of(wire.OrderWaiting, "running")))
	require.False(t, noneTaken(of(wire.OrderDone)))
}

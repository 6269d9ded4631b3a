package memory

import (
	"testing"

	"github.com/partnerledger/partnerledger/eventstore"
	"github.com/partnerledger/partnerledger/eventstore/eventstoretest"
)

// Ensure that the log in memory keeps the contract of every Store.
func TestStore(t *testing.T) {
	eventstoretest.Run(t, func(*testing.T) eventstore.Store { return New() })
}

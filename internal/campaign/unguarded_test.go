//go:build linux

package campaign

import "github.com/partnerledger/partnerledger/eventstore/feed"

// unchecked switches the chain check off.
func unchecked(o feed.SourceOptions) feed.SourceOptions { return o }

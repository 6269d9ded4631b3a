package esdbnode

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// The groups are kept in one stream, as EventStoreDB keeps them: each change writes all of them anew.
const (
	groupConfigStream = "$persistentSubscriptionConfig"
	groupConfigType   = "$PersistentConfig"
	groupConfigFormat = "2"
)

// groupConfig is the data of one $PersistentConfig.
type groupConfig struct {
	Version   string          `json:"version"`
	Updated   time.Time       `json:"updated"`
	UpdatedBy string          `json:"updatedBy,omitempty"`
	Entries   []groupSettings `json:"entries"`
}

// loadGroups reads the groups that there are.
func (n *Node) loadGroups() ([]groupSettings, error) {
	newest, ok, err := n.shown(groupConfigStream)
	if err != nil || !ok {
		return nil, err
	}
	var c groupConfig
	if err := json.Unmarshal(newest.data, &c); err != nil {
		return nil, fmt.Errorf("esdbnode: the groups in %s: %w", groupConfigStream, err)
	}
	return c.Entries, nil
}

// saveGroups writes the groups and returns once they are durable.
func (n *Node) saveGroups(ctx context.Context, by string, groups []groupSettings) error {
	if err := n.describeOnce(ctx, groupConfigStream, `{"$maxCount":2}`); err != nil {
		return err
	}
	return n.writeJSON(ctx, groupConfigStream, groupConfigType, groupConfig{
		Version: groupConfigFormat, Updated: n.now(), UpdatedBy: by, Entries: groups,
	})
}

// shown is the last event of a stream, unless the stream's metadata hides it.
func (n *Node) shown(stream string) (stored, bool, error) {
	v := n.index.viewStream(stream)
	limits, err := n.limits(stream, v)
	count := v.events.len()
	if err != nil || v.tombstoned || limits.first(count) == uint64(count) {
		return stored{}, false, err
	}
	return n.newest(stream)
}

// describeOnce writes a stream's metadata unless it has some that does not delete it.
func (n *Node) describeOnce(ctx context.Context, stream, metadata string) error {
	before, ok, err := n.shown(metadataPrefix + stream)
	if err != nil || ok && !parseLimits(before.data).deleted() {
		return err
	}
	return n.describe(ctx, stream, metadata)
}

func (n *Node) describe(ctx context.Context, stream, metadata string) error {
	return n.writeEvents(ctx, metadataPrefix+stream, newProposed(
		metadataPrefix+stream, uuid.New(), metadataType, contentTypeJSON, nil, []byte(metadata)))
}

// writeJSON appends one event of the node's own.
func (n *Node) writeJSON(ctx context.Context, stream, eventType string, content any) error {
	data, err := json.MarshalIndent(content, "", "  ")
	if err != nil {
		return fmt.Errorf("esdbnode: %s: %w", eventType, err)
	}
	return n.writeEvents(ctx, stream, newProposed(stream, uuid.New(), eventType, contentTypeJSON, nil, data))
}

func (n *Node) writeEvents(ctx context.Context, stream string, events ...proposed) error {
	if _, err := n.writer.append(ctx, stream, expectation{kind: expectAny}, events); err != nil {
		return fmt.Errorf("write to %s: %w", stream, err)
	}
	return nil
}

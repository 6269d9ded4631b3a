package esdbnode

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"google.golang.org/grpc/codes"
)

// groupsLimit bounds how many groups a node has; each change of one writes all of them.
const groupsLimit = 4096

// groups are the persistent subscriptions of a node. What they are is in the log, see groupConfig; a change is durable
// before it takes effect, so that a group that a client was told of is there after every crash.
type groups struct {
	node *Node
	// changing serialises changes, which wait for the disk; mu guards the list meanwhile.
	changing sync.Mutex
	mu       sync.Mutex
	list     []*group
	// running counts the goroutines of groups and of their readers.
	running sync.WaitGroup
}

// openGroups starts the groups that the log knows. A description that cannot be read costs its groups, not the node:
// whoever may write to a system stream could otherwise keep the node from ever starting again.
func openGroups(n *Node) *groups {
	s := &groups{node: n}
	s.load()
	return s
}

func (s *groups) load() {
	known, err := s.node.loadGroups()
	if err != nil {
		s.node.logger.Error("the persistent subscriptions cannot be read", "error", err)
	}
	for _, settings := range known {
		if err := s.start(settings); err != nil {
			s.node.logger.Error("a persistent subscription is left out", "group", settings.key(), "error", err)
		}
	}
}

// start opens a group and puts it in the place of the one with the same name, or at the end.
func (s *groups) start(settings groupSettings) error {
	if err := settings.check(); err != nil {
		return err
	}
	g, err := openGroup(s.node, settings)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running.Go(g.run)
	if i := s.indexOf(settings.Stream, settings.Group); i >= 0 {
		s.list[i] = g
		return nil
	}
	s.list = append(s.list, g)
	return nil
}

// indexOf finds a group; mu is held.
func (s *groups) indexOf(stream, name string) int {
	return slices.IndexFunc(s.list, func(g *group) bool { return g.settings.Stream == stream && g.settings.Group == name })
}

// find returns a group, or the error that clients know.
func (s *groups) find(stream, name string) (*group, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.indexOf(stream, name); i >= 0 {
		return s.list[i], nil
	}
	return nil, groupMissing(stream, name)
}

// all returns the groups in the order in which they were made.
func (s *groups) all() []*group {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.list)
}

// of returns the groups of a stream, or of $all.
func (s *groups) of(stream string) []*group {
	return slices.DeleteFunc(s.all(), func(g *group) bool { return g.settings.Stream != stream })
}

// save makes the list durable with one group changed, added or, when there are no settings, taken away.
func (s *groups) save(by, stream, name string, changed *groupSettings) error {
	var next []groupSettings
	for _, g := range s.all() {
		if g.settings.Stream != stream || g.settings.Group != name {
			next = append(next, g.settings)
		} else if changed != nil {
			next, changed = append(next, *changed), nil
		}
	}
	if changed != nil {
		next = append(next, *changed)
	}
	// A caller who gives up MUST NOT leave the list in the log and the one in memory apart.
	return s.node.saveGroups(s.node.closing, by, next)
}

func (s *groups) create(by string, settings groupSettings) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	if err := s.checkStart(&settings); err != nil {
		return err
	}
	if _, err := s.find(settings.Stream, settings.Group); err == nil {
		return groupExists(settings.Stream, settings.Group)
	}
	if len(s.all()) >= groupsLimit {
		return groupFailed(settings.Stream, settings.Group, fmt.Sprintf("There are %d groups already.", groupsLimit))
	}
	if err := s.save(by, settings.Stream, settings.Group, &settings); err != nil {
		return err
	}
	return s.start(settings)
}

// checkStart completes the settings by what the log holds at this moment.
func (s *groups) checkStart(settings *groupSettings) error {
	if err := settings.check(); err != nil {
		return err
	}
	v := s.node.viewSource(settings.Stream)
	place, err := settings.parsePlace(settings.StartPosition)
	if err != nil {
		return groupFailed(settings.Stream, settings.Group, "Invalid Start From position.")
	}
	if settings.onAll() && place != livePlace && uint64(place) > lastOf(v.events) {
		return groupFailed(settings.Stream, settings.Group,
			"Invalid Start From position: commit position must be less than or equal to the last commit position in the transaction file.")
	}
	if place == livePlace {
		settings.LivePlace = uint64(v.events.len())
		if settings.onAll() {
			settings.LivePlace = lastOf(v.events) + 1
		}
	}
	return nil
}

func lastOf(events sequence) uint64 {
	if events.len() == 0 {
		return 0
	}
	return events.at(events.len() - 1)
}

// viewSource shows what a group reads.
func (n *Node) viewSource(stream string) view {
	if stream == allName {
		return n.index.viewAll()
	}
	return n.index.viewStream(stream)
}

// update replaces a group's settings. Its readers are dropped and come back to the new group, which goes on from the
// last checkpoint.
func (s *groups) update(by string, settings groupSettings) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	before, err := s.find(settings.Stream, settings.Group)
	if err != nil {
		return err
	}
	if err := s.checkStart(&settings); err != nil {
		return err
	}
	settings.Filter = before.settings.Filter
	if err := s.save(by, settings.Stream, settings.Group, &settings); err != nil {
		return err
	}
	before.stop(groupDropped(settings.Stream, settings.Group))
	return s.start(settings)
}

func (s *groups) remove(by, stream, name string) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	g, err := s.find(stream, name)
	if err != nil {
		return err
	}
	if err := s.save(by, stream, name, nil); err != nil {
		return err
	}
	s.mu.Lock()
	i := s.indexOf(stream, name)
	s.list = slices.Delete(s.list, i, i+1)
	s.mu.Unlock()
	g.stop(groupMissing(stream, name))
	return errors.Join(s.forget(g.settings.checkpointStream()), s.forget(g.settings.parkedStream()))
}

// forget soft-deletes one of a removed group's own streams, so that a group of the same name begins anew.
func (s *groups) forget(stream string) error {
	if s.node.index.viewStream(stream).events.len() == 0 {
		return nil
	}
	call := newCall(s.node.closing, kindSoftDelete, stream, expectation{kind: expectAny}, nil)
	if err := s.node.writer.submit(call); err != nil {
		return err
	}
	_, err := s.node.writer.await(call)
	return err
}

// restart drops every reader and opens every group anew from the log.
func (s *groups) restart() {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.mu.Lock()
	old := s.list
	s.list = nil
	s.mu.Unlock()
	for _, g := range old {
		g.stop(groupDropped(g.settings.Stream, g.settings.Group))
	}
	s.load()
}

// persistentService serves the management of groups; persistent_read.go serves their readers.
type persistentService struct {
	persistent.UnimplementedPersistentSubscriptionsServer
	node *Node
}

// Create makes a group.
func (s *persistentService) Create(ctx context.Context, req *persistent.CreateReq) (*persistent.CreateResp, error) {
	err := s.manage(ctx, func() error {
		settings, err := createSettings(req.GetOptions())
		if err != nil {
			return err
		}
		return s.node.groups.create(principalOf(ctx).login, settings)
	})
	return &persistent.CreateResp{}, err
}

// Update changes a group's settings, all of them but its filter.
func (s *persistentService) Update(ctx context.Context, req *persistent.UpdateReq) (*persistent.UpdateResp, error) {
	err := s.manage(ctx, func() error {
		settings, err := updateSettings(req.GetOptions())
		if err != nil {
			return err
		}
		return s.node.groups.update(principalOf(ctx).login, settings)
	})
	return &persistent.UpdateResp{}, err
}

// Delete removes a group with its checkpoint and its parked messages.
func (s *persistentService) Delete(ctx context.Context, req *persistent.DeleteReq) (*persistent.DeleteResp, error) {
	o := req.GetOptions()
	err := s.manage(ctx, func() error {
		return s.node.groups.remove(principalOf(ctx).login, sourceName(o.GetStreamIdentifier(), o.GetAll()), o.GetGroupName())
	})
	return &persistent.DeleteResp{}, err
}

// ReplayParked hands parked messages out again.
func (s *persistentService) ReplayParked(ctx context.Context, req *persistent.ReplayParkedReq) (*persistent.ReplayParkedResp, error) {
	o := req.GetOptions()
	stream := sourceName(o.GetStreamIdentifier(), o.GetAll())
	err := s.manage(ctx, func() error {
		if o.GetStopAt() < 0 {
			return groupFailed(stream, o.GetGroupName(), "Cannot stop replaying parked message at a negative version.")
		}
		g, err := s.node.groups.find(stream, o.GetGroupName())
		if err != nil {
			return err
		}
		_, limited := o.GetStopAtOption().(*persistent.ReplayParkedReq_Options_StopAt)
		return g.replay(o.GetStopAt(), limited)
	})
	return &persistent.ReplayParkedResp{}, err
}

// RestartSubsystem drops every reader and begins again from what is stored.
func (s *persistentService) RestartSubsystem(ctx context.Context, _ *shared.Empty) (*shared.Empty, error) {
	err := s.manage(ctx, func() error {
		s.node.groups.restart()
		return nil
	})
	return &shared.Empty{}, err
}

// manage runs one unary call; they are all for those who run the node.
func (s *persistentService) manage(ctx context.Context, do func() error) error {
	err := s.node.faults.before(ctx)
	if err == nil {
		err = s.node.allowOperator(ctx)
	}
	if err == nil {
		err = do()
	}
	if err != nil {
		return fail(unaryTrailer{ctx}, err)
	}
	return nil
}

// sourceName is what a request is about: $all when it says so, else a stream.
func sourceName(stream *shared.StreamIdentifier, all *shared.Empty) string {
	if all != nil {
		return allName
	}
	return string(stream.GetStreamName())
}

func groupMissing(stream, group string) *refusal {
	return groupRefusal(codes.NotFound, "persistent-subscription-does-not-exist", stream, group,
		fmt.Sprintf("Subscription group %s on stream %s does not exist.", group, stream))
}

func groupExists(stream, group string) *refusal {
	return groupRefusal(codes.AlreadyExists, "persistent-subscription-exists", stream, group,
		fmt.Sprintf("Subscription group %s on stream %s exists.", group, stream))
}

func groupDropped(stream, group string) *refusal {
	return groupRefusal(codes.Canceled, "persistent-subscription-dropped", stream, group,
		fmt.Sprintf("Subscription group %s on stream %s was dropped.", group, stream))
}

func groupFull(stream, group string) *refusal {
	return groupRefusal(codes.FailedPrecondition, "maximum-subscribers-reached", stream, group,
		fmt.Sprintf("Maximum subscriptions reached for subscription group %s on stream %s.", group, stream))
}

func groupFailed(stream, group, reason string) *refusal {
	r := groupRefusal(codes.Internal, "persistent-subscription-failed", stream, group,
		fmt.Sprintf("Subscription group %s on stream %s failed: '%s'", group, stream, reason))
	r.trailers = append(r.trailers, "reason", trailerName(reason))
	return r
}

func groupRefusal(code codes.Code, exception, stream, group, message string) *refusal {
	return &refusal{code: code, message: message, trailers: []string{
		"exception", exception,
		"stream-name", trailerName(stream),
		"group-name", trailerName(group),
	}}
}

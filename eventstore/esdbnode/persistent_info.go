package esdbnode

import (
	"context"
	"slices"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
)

// groupStats are the figures of a group that nothing depends on.
type groupStats struct {
	// known is the place of the last event that the group took.
	known *uint64
	// live says that the group has taken everything there is.
	live  bool
	given int64
	rate  rate
}

func newGroupStats() groupStats { return groupStats{rate: rate{at: time.Now()}} }

// rate measures how fast a count grows between two looks at it.
type rate struct {
	at    time.Time
	count int64
}

// since is the growth since the last look, in all and per second.
func (m *rate) since(count int64, now time.Time) (grown int64, perSecond int32) {
	grown = count - m.count
	if elapsed := now.Sub(m.at); elapsed > 0 {
		perSecond = int32(float64(grown) / elapsed.Seconds())
	}
	m.at, m.count = now, count
	return grown, perSecond
}

// observations bounds how many of the last messages the extra statistics are about.
const observations = 1000

// readerStats are the figures of a reader.
type readerStats struct {
	given int64
	rate  rate
	// kept is for how many milliseconds the reader had each of its last messages.
	kept []int64
}

func (s *readerStats) observe(kept time.Duration) {
	if len(s.kept) == observations {
		s.kept = s.kept[1:]
	}
	s.kept = append(s.kept, kept.Milliseconds())
}

// measurements are the extra statistics, in EventStoreDB's terms.
func (s *readerStats) measurements() []*persistent.SubscriptionInfo_Measurement {
	count := len(s.kept)
	if count == 0 {
		return nil
	}
	kept := slices.Sorted(slices.Values(s.kept))
	sum := int64(0)
	for _, ms := range kept {
		sum += ms
	}
	var list []*persistent.SubscriptionInfo_Measurement
	add := func(key string, value int64) {
		list = append(list, &persistent.SubscriptionInfo_Measurement{Key: key, Value: value})
	}
	share := func(permille int) int64 { return kept[min(count*permille/1000, count-1)] }
	add("Mean", sum/int64(count))
	add("Median", kept[count/2])
	add("Fastest", kept[0])
	add("Quintile 1", share(0))
	add("Quintile 2", share(200))
	add("Quintile 3", share(400))
	add("Quintile 4", share(600))
	add("Quintile 5", share(800))
	add("90%", share(900))
	add("95%", share(950))
	add("99%", share(990))
	add("99.5%", share(995))
	add("99.9%", share(999))
	add("Highest", kept[count-1])
	return list
}

// GetInfo describes one group.
func (s *persistentService) GetInfo(ctx context.Context, req *persistent.GetInfoReq) (*persistent.GetInfoResp, error) {
	o := req.GetOptions()
	resp := &persistent.GetInfoResp{}
	err := s.manage(ctx, func() error {
		g, err := s.node.groups.find(sourceName(o.GetStreamIdentifier(), o.GetAll()), o.GetGroupName())
		if err != nil {
			return err
		}
		resp.SubscriptionInfo, err = g.info()
		return err
	})
	return resp, err
}

// List describes the groups of one stream, of $all, or of the whole node.
func (s *persistentService) List(ctx context.Context, req *persistent.ListReq) (*persistent.ListResp, error) {
	resp := &persistent.ListResp{}
	err := s.manage(ctx, func() error {
		list := s.node.groups.all()
		if some := req.GetOptions().GetListForStream(); some != nil {
			stream := sourceName(some.GetStream(), some.GetAll())
			if list = s.node.groups.of(stream); len(list) == 0 {
				return groupMissing(stream, "")
			}
		}
		for _, g := range list {
			info, err := g.info()
			if err != nil {
				return err
			}
			resp.Subscriptions = append(resp.Subscriptions, info)
		}
		return nil
	})
	return resp, err
}

// info describes the group and its readers at this moment.
func (g *group) info() (*persistent.SubscriptionInfo, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, parked, err := g.parked()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	info := g.described()
	info.Status = "Behind"
	if g.stats.live {
		info.Status = "Live"
	}
	info.TotalItems = g.stats.given
	info.CountSinceLastMeasurement, info.AveragePerSecond = g.stats.rate.since(g.stats.given, now)
	info.LastCheckpointedEventPosition = g.placeText(g.saved)
	info.LastKnownEventPosition = g.placeText(g.stats.known)
	info.ReadBufferCount = int32(len(g.fresh))
	info.RetryBufferCount = int32(len(g.retries))
	info.TotalInFlightMessages = int32(g.out.Len())
	info.OutstandingMessagesCount = int32(g.out.Len())
	info.ParkedMessageCount = int64(parked.to - parked.from)
	for _, r := range g.readers {
		info.Connections = append(info.Connections, r.info(now))
	}
	return info, nil
}

// described is the part of the information that the settings give.
func (g *group) described() *persistent.SubscriptionInfo {
	s := g.settings
	return &persistent.SubscriptionInfo{
		EventSource:                 s.Stream,
		GroupName:                   s.Group,
		ResolveLinkTos:              s.ResolveLinks,
		StartFrom:                   s.StartPosition,
		MessageTimeoutMilliseconds:  s.MessageTimeout,
		ExtraStatistics:             s.ExtraStatistics,
		MaxRetryCount:               s.MaxRetryCount,
		LiveBufferSize:              s.LiveBufferSize,
		BufferSize:                  s.HistoryBufferSize,
		ReadBatchSize:               s.ReadBatchSize,
		CheckPointAfterMilliseconds: s.CheckpointAfter,
		MinCheckPointCount:          s.MinCheckpointCount,
		MaxCheckPointCount:          s.MaxCheckpointCount,
		NamedConsumerStrategy:       s.Strategy,
		MaxSubscriberCount:          s.MaxSubscriberCount,
	}
}

// placeText tells a place, or nothing when there is none.
func (g *group) placeText(place *uint64) string {
	if place == nil {
		return ""
	}
	return g.settings.formatPlace(*place)
}

// info describes a reader; the group's lock is held.
func (r *groupReader) info(now time.Time) *persistent.SubscriptionInfo_ConnectionInfo {
	user := r.user
	if user == "" {
		user = "anonymous"
	}
	grown, perSecond := r.stats.rate.since(r.stats.given, now)
	return &persistent.SubscriptionInfo_ConnectionInfo{
		Username:                  user,
		ConnectionName:            r.connection,
		TotalItems:                r.stats.given,
		CountSinceLastMeasurement: grown,
		AverageItemsPerSecond:     perSecond,
		ObservedMeasurements:      r.stats.measurements(),
		AvailableSlots:            int32(r.room()),
		InFlightMessages:          int32(r.inFlight),
	}
}

package changes

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// row is an entity that may have changed, with both sides of it.
type row struct {
	provider, reseller, customer domain.TenantID
	subscription                 domain.SubscriptionID
	item                         any
	name                         *string
	a, b                         side
}

// side is the entity at one of the points. held is nil where it isn't there; began, gone and moved are as in source.
type side struct {
	held, began, gone, moved *int64
	values                   []*string
}

// list is how pages of a source are read.
func (s source) list() readmodel.List[row] {
	return readmodel.List[row]{OrderBy: s.order, Key: s.key, Fields: func(r *row) []any {
		targets := []any{&r.provider, &r.reseller, &r.customer, &r.subscription, &r.item, &r.name,
			&r.a.held, &r.a.began, &r.a.gone, &r.b.held, &r.b.began, &r.b.moved}
		r.a.values, r.b.values = make([]*string, len(s.fields)), make([]*string, len(s.fields))
		for i := range s.fields {
			targets = append(targets, &r.a.values[i], &r.b.values[i])
		}
		return targets
	}}
}

// key is what the source is ordered by.
func (s source) key(r row) []any {
	all := map[string]any{s.provider: string(r.provider), s.reseller: string(r.reseller), s.customer: string(r.customer),
		s.subscription: string(r.subscription), s.item: r.item}
	key := make([]any, len(s.order))
	for i, column := range s.order {
		key[i] = all[column]
	}
	return key
}

// place is where a page begins: at a source, after a row of it, and after so many lines of the next.
type place struct {
	source, lines int
	after         string
}

func (p place) text() string { return fmt.Sprintf("%d.%d.%s", p.source, p.lines, p.after) }

func placeOf(cursor string) (p place, err error) {
	if cursor == "" {
		return place{}, nil
	}
	parts := strings.SplitN(cursor, ".", 3)
	if len(parts) != 3 {
		return place{}, readmodel.ErrCursor
	}
	p.after = parts[2]
	if p.source, err = strconv.Atoi(parts[0]); err != nil || p.source < 0 || p.source >= len(sources) {
		return place{}, readmodel.ErrCursor
	}
	if p.lines, err = strconv.Atoi(parts[1]); err != nil || p.lines < 0 {
		return place{}, readmodel.ErrCursor
	}
	return p, nil
}

// Between are the lines, by entity and its ids. The reader MUST be one snapshot.
func Between(ctx context.Context, r sqldb.Reader, f Filter, page readmodel.Page) (readmodel.Slice[Line], error) {
	if f.After.Facts < f.Before.Facts || f.After.Instant < f.Before.Instant || f.After.Known < f.Before.Known {
		return readmodel.Slice[Line]{}, ErrOrder
	}
	from, err := placeOf(page.After)
	if err != nil {
		return readmodel.Slice[Line]{}, err
	}
	c := collection{ctx: ctx, r: r, filter: f, limit: page.Size()}
	for n := from.source; n < len(sources) && c.next == ""; n++ {
		if err := c.read(n, from); err != nil {
			return readmodel.Slice[Line]{}, fmt.Errorf("changes of %s: %w", sources[n].entity, err)
		}
		from = place{}
	}
	return readmodel.Slice[Line]{Items: c.lines, Next: c.next}, c.explain()
}

// collection is a page being filled.
type collection struct {
	ctx    context.Context
	r      sqldb.Reader
	filter Filter
	limit  int
	lines  []Line
	next   string
}

// leastChunk is how many rows are read at a time at least: some make no line.
const leastChunk = 50

// read takes lines of a source until it or the page ends.
func (c *collection) read(n int, from place) error {
	s := sources[n]
	list := s.list()
	for {
		selection, meant := s.selection(c.filter)
		if !meant {
			return nil
		}
		part, err := list.Page(c.ctx, c.r, selection, readmodel.Page{After: from.after, Limit: max(c.limit-len(c.lines)+1, leastChunk)})
		if err != nil {
			return err
		}
		for _, r := range part.Items {
			lines, err := c.linesOf(s, r)
			if err != nil {
				return err
			}
			for i := min(from.lines, len(lines)); i < len(lines); i++ {
				if len(c.lines) == c.limit {
					c.next = place{source: n, lines: i, after: from.after}.text()
					return nil
				}
				c.lines = append(c.lines, lines[i])
			}
			from.lines = 0
			if from.after, err = list.After(r); err != nil {
				return err
			}
		}
		if part.Next == "" {
			return nil
		}
	}
}

// linesOf are the fields that differ, with the numbers of their causes.
func (c *collection) linesOf(s source, r row) ([]Line, error) {
	var changed []int
	for i, f := range s.fields {
		if !same(r.a.values[i], r.b.values[i]) {
			changed = append(changed, i)
			r.a.values[i], r.b.values[i] = f.text(r.a.values[i]), f.text(r.b.values[i])
		}
	}
	causes, err := c.causes(s, r, changed)
	if err != nil {
		return nil, err
	}
	lines := make([]Line, len(changed))
	for n, i := range changed {
		lines[n] = Line{Entity: s.entity, ProviderTenantID: r.provider, ResellerTenantID: r.reseller, CustomerTenantID: r.customer,
			SubscriptionID: r.subscription, Item: itemText(r.item, s.item == "t.since"), Field: s.fields[i].name, Before: r.a.values[i], After: r.b.values[i], Cause: causes[n]}
		if r.name != nil {
			lines[n].Name = *r.name
		}
	}
	return lines, nil
}

func same(a, b *string) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

// text is a value as people and machines read it.
func (f field) text(stored *string) *string {
	if stored == nil || !f.instant {
		return stored
	}
	return instantText(*stored)
}

func instantText(millis string) *string {
	n, err := strconv.ParseInt(millis, 10, 64)
	if err != nil {
		return &millis
	}
	text := domain.Instant(n).String()
	return &text
}

func itemText(item any, instant bool) string {
	switch item := item.(type) {
	case int64:
		if instant {
			return domain.Instant(item).String()
		}
		return strconv.FormatInt(item, 10)
	case string:
		return item
	case []byte:
		return string(item)
	default:
		return ""
	}
}

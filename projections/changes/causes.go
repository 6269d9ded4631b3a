package changes

import (
	"maps"
	"slices"
	"strings"

	"github.com/partnerledger/partnerledger/projections/readmodel"
)

// causes are those of the changed fields of a row, by number only; explain adds the rest.
func (c *collection) causes(s source, r row, changed []int) ([]Cause, error) {
	causes := make([]Cause, len(changed))
	var steps map[int]int64
	if s.stepped && len(changed) > 0 {
		var err error
		if steps, err = c.steps(s, r); err != nil {
			return nil, err
		}
	}
	for n, i := range changed {
		switch seq := r.cause(s.fields[i].moves); {
		case steps != nil:
			causes[n].Seq = steps[i]
		case seq != nil:
			causes[n].Seq = *seq
		default: // nobody did anything
			causes[n].Expired, causes[n].Seq = true, *r.last()
		}
	}
	return causes, nil
}

// cause is the event that made the row hold as it does, or not hold any more; nil where none did.
func (r row) cause(moves bool) *int64 {
	switch {
	case r.b.held == nil:
		return r.a.gone
	case !moves:
		return r.b.began
	case r.b.moved == nil && r.a.held != nil && same64(r.a.began, r.b.began):
		return nil
	case r.b.moved == nil || r.b.began != nil && *r.b.began > *r.b.moved:
		return r.b.began
	default:
		return r.b.moved
	}
}

func same64(a, b *int64) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

var none int64 = -1

// last is the event that set the term which ran out.
func (r row) last() *int64 {
	for _, seq := range []*int64{r.b.began, r.a.began} {
		if seq != nil {
			return seq
		}
	}
	return &none
}

// steps finds for each field the last of the steps between the two sides at which it became what it is.
func (c *collection) steps(s source, r row) (map[int]int64, error) {
	columns := make([]string, len(s.fields))
	for i, f := range s.fields {
		columns[i] = "CAST(" + f.expression + " AS TEXT)"
	}
	type step struct {
		seq    int64
		values []*string
	}
	from := none
	if r.a.began != nil {
		from = *r.a.began
	}
	q := readmodel.From("SELECT t.seq, "+strings.Join(columns, ", ")+" FROM "+s.table+` t
WHERE t.provider_tenant_id = $1 AND t.customer_tenant_id = $2 AND t.subscription_id = $3 AND t.seq >= $4 AND t.seq <= $5`,
		r.provider, r.customer, r.subscription, from, *r.b.began).Order("t.seq")
	steps, err := readmodel.All(c.ctx, c.r, q, func(s *step) []any {
		s.values = make([]*string, len(columns))
		targets := []any{&s.seq}
		for i := range columns {
			targets = append(targets, &s.values[i])
		}
		return targets
	})
	causes := map[int]int64{}
	for n, step := range steps {
		for i, value := range step.values {
			if n == 0 || !same(value, steps[n-1].values[i]) {
				causes[i] = step.seq
			}
		}
	}
	return causes, err
}

// explained are the causes as the timeline tells of them.
const selectCauses = `SELECT t.seq, t.event_id, t.type, t.at, t.effective_at, t.user_name, t.user_tenant_id, t.user_role, COALESCE(t.reason, ''),
  t.command_id, t.summary
FROM timeline t WHERE 1 = 1{where}`

// explain says of every line of the page who caused it, when and why.
func (c *collection) explain() error {
	wanted := map[int64]bool{}
	for _, l := range c.lines {
		wanted[l.Seq] = true
	}
	if len(wanted) == 0 {
		return nil
	}
	q := readmodel.From(selectCauses)
	var seqs []any
	for _, seq := range slices.Sorted(maps.Keys(wanted)) {
		seqs = append(seqs, seq)
	}
	q.And("t.seq IN (?"+strings.Repeat(", ?", len(seqs)-1)+")", seqs...)
	found, err := readmodel.All(c.ctx, c.r, q, func(e *Cause) []any {
		return []any{&e.Seq, &e.EventID, &e.Type, &e.At, &e.EffectiveAt, &e.User, &e.UserTenantID, &e.Role, &e.Reason, &e.CommandID, &e.Summary}
	})
	if err != nil {
		return err
	}
	bySeq := map[int64]Cause{}
	for _, e := range found {
		bySeq[e.Seq] = e
	}
	for i, l := range c.lines {
		if e, ok := bySeq[l.Seq]; ok {
			e.Expired = l.Expired
			c.lines[i].Cause = e
		}
	}
	return nil
}

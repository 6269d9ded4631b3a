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
	var found map[int]int64
	if s.versions != "" && len(changed) > 0 && r.b.held != nil {
		var err error
		if found, err = c.among(s, r); err != nil {
			return nil, err
		}
	}
	for n, i := range changed {
		switch seq := r.cause(s.fields[i].moves); {
		case found != nil:
			causes[n].Seq = found[i]
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

// ofOne are the rows of one subscription.
const ofOne = "t.provider_tenant_id = {provider} AND t.customer_tenant_id = {customer} AND t.subscription_id = {subscription}"

// version is a row as it is at the second point, or was before another took its place there.
type version struct {
	began, moved *int64
	from         *int64 // known from, known until; null where that makes no difference
	until        *int64
	values       []*string
}

// by is the event that made a field of it what it is.
func (v version) by(f field) int64 {
	switch {
	case f.moves && v.moved != nil && (v.began == nil || *v.moved > *v.began):
		return *v.moved
	case v.began != nil:
		return *v.began
	default:
		return none
	}
}

// among finds for each field the last of the versions in which it became what it is.
func (c *collection) among(s source, r row) (map[int]int64, error) {
	versions, err := c.versions(s, r)
	causes := map[int]int64{}
	for n, v := range versions {
		anew := n == 0 || !same64(v.from, versions[n-1].until)
		for i, value := range v.values {
			if anew || !same(value, versions[n-1].values[i]) {
				causes[i] = v.by(s.fields[i])
			}
		}
	}
	return causes, err
}

func (c *collection) versions(s source, r row) ([]version, error) {
	columns := []string{s.began, "CAST(NULL AS BIGINT)", "CAST(NULL AS BIGINT)", "CAST(NULL AS BIGINT)"}
	if s.moved != "" {
		columns[1] = s.moved
	}
	if s.inOrder == "t.known_since" {
		columns[2], columns[3] = "t.known_since", "t.known_until"
	}
	for _, f := range s.fields {
		columns = append(columns, "CAST("+f.expression+" AS TEXT)")
	}
	st := statement{values: c.filter.values(), places: map[string]string{}}
	st.values["provider"], st.values["customer"], st.values["subscription"], st.values["item"] = r.provider, r.customer, r.subscription, r.item
	st.values["first"], st.values["last"] = none, none
	if r.a.began != nil {
		st.values["first"] = *r.a.began
	}
	if r.b.began != nil {
		st.values["last"] = *r.b.began
	}
	text := st.expand("SELECT " + at("B", strings.Join(columns, ",\n  ")) + "\nFROM " + s.table + " t\nWHERE " + s.versions)
	return readmodel.All(c.ctx, c.r, readmodel.From(text, st.args...).Order(s.inOrder), func(v *version) []any {
		v.values = make([]*string, len(s.fields))
		targets := []any{&v.began, &v.moved, &v.from, &v.until}
		for i := range v.values {
			targets = append(targets, &v.values[i])
		}
		return targets
	})
}

// selectCauses are the causes as the timeline tells of them.
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

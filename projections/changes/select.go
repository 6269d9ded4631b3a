package changes

import (
	"strconv"
	"strings"

	"github.com/partnerledger/partnerledger/projections/readmodel"
)

// source is a table of intervals. Texts are SQL in which t is the table, and {facts}, {instant} and {known}
// the point; those of both points are {factsA}… before and {factsB}… after.
type source struct {
	entity string
	table  string
	// What names the entity: the row that holds at a point is the only one of this name. Empty: no such part.
	provider, reseller, customer, subscription, item string
	// order are these columns as the primary key has them, so that pages are read along it.
	order []string
	// held is when a row holds at a point.
	held string
	// edges are the columns with a time of the point at which the row begins or ceases to hold or a field of it
	// moves: only rows with one between the two points are looked at. Empty: all rows, for a small table.
	edges []edge
	// began is the number of the event that made the row hold, gone that of the event after which none does,
	// and moved, where fields move, that of the event that moved them last before the point.
	began, gone, moved string
	name               string // for people
	fields             []field
	// about are the conditions on what is asked for, by its name; a source is left out where it has none.
	about map[string]string
	// versions are the rows among which the cause of a field is looked for, because a row may repeat what the one
	// before it said; inOrder is their order. Here {first} and {last} are the events of the two sides.
	versions, inOrder string
}

// edge is a column, and which time of the point passes it: facts, instant or known.
type edge struct{ column, time string }

// field is something that a row says. One that moves depends on the point, while the row stays the same.
type field struct {
	name, expression string
	moves            bool
	instant          bool // its value is a time
}

// statement is a text being expanded: what stands in braces becomes an argument when it is first needed, for
// PostgreSQL wants to see every argument used.
type statement struct {
	values map[string]any
	args   []any
	places map[string]string
}

func (s *statement) expand(text string) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		var name string
		name, text, _ = strings.Cut(rest, "}")
		out.WriteString(s.place(name))
	}
}

func (s *statement) place(name string) string {
	value, known := s.values[name]
	if !known {
		return "{" + name + "}" // of package readmodel
	}
	if _, placed := s.places[name]; !placed {
		s.args = append(s.args, value)
		s.places[name] = "$" + strconv.Itoa(len(s.args))
	}
	return s.places[name]
}

// at makes a text about one of the two points.
func at(point, text string) string {
	return strings.NewReplacer("{facts}", "{facts"+point+"}", "{instant}", "{instant"+point+"}", "{known}", "{known"+point+"}").Replace(text)
}

// when is the value of an expression in the row that holds at a point.
func (s source) when(point, expression string) string {
	if expression == "" {
		return "MAX(CAST(NULL AS BIGINT))"
	}
	return "MAX(CASE WHEN " + at(point, s.held) + " THEN " + at(point, expression) + " END)"
}

// changed finds the rows that hold at one point only, and those of which a field moved.
func (s source) changed() string {
	a, b := at("A", s.held), at("B", s.held)
	condition := "(" + a + ") <> (" + b + ")"
	for _, f := range s.fields {
		if f.moves {
			condition += "\n  OR (" + a + " AND " + b + " AND " + at("A", f.expression) + " IS DISTINCT FROM " + at("B", f.expression) + ")"
		}
	}
	if len(s.edges) == 0 {
		return "(" + condition + ")"
	}
	passed := make([]string, len(s.edges))
	for i, e := range s.edges {
		passed[i] = e.column + " > {" + e.time + "A} AND " + e.column + " <= {" + e.time + "B}"
	}
	return "(" + strings.Join(passed, "\n  OR ") + ")\n  AND (" + condition + ")"
}

// text is the statement: a row for each entity that may have changed, both sides of it in one.
func (s source) text(conditions []string) string {
	columns := []string{text(s.provider), text(s.reseller), text(s.customer), text(s.subscription), text(s.item), "MAX(" + s.name + ")",
		s.when("A", "1"), s.when("A", s.began), s.when("A", s.gone), s.when("B", "1"), s.when("B", s.began), s.when("B", s.moved)}
	for _, f := range s.fields {
		value := "CAST(" + f.expression + " AS TEXT)"
		columns = append(columns, s.when("A", value), s.when("B", value))
	}
	where := s.changed()
	for _, c := range conditions {
		where += "\n  AND (" + c + ")"
	}
	return "SELECT " + strings.Join(columns, ",\n  ") + "\nFROM " + s.table + " t\nWHERE " + where + "{where}\nGROUP BY " +
		strings.Join(s.order, ", ") + "{page}"
}

func text(column string) string {
	if column == "" {
		return "''"
	}
	return column
}

// selection is the statement for a filter, and false where nothing of the source is meant.
func (s source) selection(f Filter) (*readmodel.Select, bool) {
	if f.Entity != "" && f.Entity != s.entity {
		return nil, false
	}
	var conditions []string
	for name, value := range map[string]string{"provider": string(f.Provider), "reseller": string(f.Reseller),
		"customer": string(f.Customer), "subscription": string(f.Subscription)} {
		if value == "" {
			continue
		}
		if s.about[name] == "" {
			return nil, false
		}
		conditions = append(conditions, s.about[name])
	}
	if always := s.about["policy"]; always != "" {
		conditions = append(conditions, always)
	}
	st := statement{values: f.values(), places: map[string]string{}}
	expanded := st.expand(s.text(conditions))
	return readmodel.From(expanded, st.args...), true
}

func (f Filter) values() map[string]any {
	policy := string(f.Policy)
	if policy == "" {
		policy = "keep"
	}
	return map[string]any{"factsA": f.Before.Facts, "instantA": f.Before.Instant, "knownA": f.Before.Known,
		"factsB": f.After.Facts, "instantB": f.After.Instant, "knownB": f.After.Known, "policy": policy,
		"provider": f.Provider, "reseller": f.Reseller, "customer": f.Customer, "subscription": f.Subscription}
}

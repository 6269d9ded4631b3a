package domain

// Moment is when something took effect, and where it stands in the log among other things of that instant.
type Moment struct {
	At    Instant
	Place Place
}

// Before orders moments by effective time, then by place in the log.
func (m Moment) Before(o Moment) bool {
	return m.At < o.At || m.At == o.At && m.Place < o.Place
}

// Moment is when the event was recorded, and where.
func (h Happened) Moment() Moment { return Moment{At: h.At, Place: h.Place} }

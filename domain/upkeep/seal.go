package upkeep

import "github.com/partnerledger/partnerledger/domain"

// NothingToSeal is the refusal to put on record what nobody has digested.
const NothingToSeal domain.Code = "nothing-to-seal"

// Seal is what a read model held as of an event: of the ledger's first so many events, and of no other.
//
// Digest is that of its rows in the form that package sqldb says under Copy. It follows from the events alone, so
// whoever has the log can make the read model again, from the first event on, and compare.
type Seal struct {
	Projection string `json:"projection"`
	Version    int    `json:"version"`  // of the projection: the same events give the same rows only in the same version
	Schema     string `json:"schema"`   // digest of the SQL that makes the tables
	Events     int64  `json:"events"`   // how many events it was made of; the last has the number before this one
	Position   int64  `json:"position"` // of the last, in the log of the ledger that sealed it
	EventID    string `json:"eventId"`  // of the last
	Rows       int64  `json:"rows"`
	Digest     string `json:"digest"` // SHA-256 over a line "DIGEST  TABLE" for each table, in hexadecimal
	// Tables say where to look if the digest of the whole differs.
	Tables []SealedTable `json:"tables"`
}

// SealedTable is what one table of a read model held.
type SealedTable struct {
	Table  string `json:"table"`
	Rows   int64  `json:"rows"`
	Digest string `json:"digest"` // SHA-256, in hexadecimal
}

// SealReadModel puts on record what a read model holds. Whoever issues it MUST have digested the rows and the
// checkpoint in one snapshot of the database, because a decision can't look.
type SealReadModel struct{ Seal }

// CommandType is the name on record.
func (SealReadModel) CommandType() string { return "SealReadModel" }

// Target is the read model's stream.
func (c SealReadModel) Target() domain.Stream { return Stream(c.Projection) }

// Parties names nobody.
func (SealReadModel) Parties() domain.Parties { return domain.Parties{} }

// seal refuses: nothing-to-seal. What is on record already changes nothing.
func seal(s State, c SealReadModel) (domain.Decision, error) {
	switch {
	case c.Digest == "":
		return domain.Decision{}, domain.Refuse(NothingToSeal).Says("The read model " + c.Projection + " has no tables of this version yet, so there is nothing to seal.")
	case s.Sealed == last{c.Events, c.EventID, c.Version, c.Digest}:
		return domain.Decision{}, nil
	}
	return domain.Decision{Events: []domain.Event{ReadModelSealed(c)}}, nil
}

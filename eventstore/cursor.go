package eventstore

// Cursor is a place between two ledger events: after Position, before the event with seq NextSeq. A
// reader that goes on from a cursor knows both numbers of whatever comes next, and so notices a gap.
type Cursor struct {
	Position Position
	NextSeq  uint64
}

// Start is the cursor before every event.
var Start = Cursor{Position: Beginning}

// After is the cursor right after the event.
func (e Sequenced) After() Cursor { return Cursor{Position: e.Position, NextSeq: e.Seq + 1} }

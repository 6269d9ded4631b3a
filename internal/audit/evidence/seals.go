package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

// Seal is what an event says a read model held: as of the log's first so many events its tables had this digest.
// That the event stands in the log is proven here; whether it is right, "ledgerd replay --seals" tells, which makes the
// read model again of these events.
type Seal struct {
	Number     uint64 `json:"-"` // of the event
	Projection string `json:"projection"`
	Version    int    `json:"version"`
	Events     int64  `json:"events"`
	Rows       int64  `json:"rows"`
	Digest     string `json:"digest"`
}

// sealType is the stored name of these events, frozen.
const sealType = "ReadModelSealed"

// sealOf reads the event if it is a seal.
func sealOf(e proof.Event) (Seal, bool) {
	s := Seal{Number: e.Seq}
	if e.Type != sealType || json.Unmarshal(e.Data, &s) != nil {
		return Seal{}, false
	}
	return s, true
}

func sealsOf(events []proof.Event) (all []Seal) {
	for _, e := range events {
		if s, is := sealOf(e); is {
			all = append(all, s)
		}
	}
	return all
}

// noteSeals notes those among the lines of an exported log, which are known to be events.
func (l *wholeLog) noteSeals(lines [][]byte) error {
	for _, line := range lines {
		if !bytes.Contains(line, []byte(`"type":"`+sealType+`"`)) {
			continue
		}
		e, err := proof.ParseEvent(line)
		if err != nil {
			return err
		}
		if s, is := sealOf(e); is {
			l.seals = append(l.seals, s)
		}
	}
	return nil
}

// String is the seal as a verdict prints it.
func (s Seal) String() string {
	return fmt.Sprintf("%s, version %d, made of the first %d events: %d rows, digest %s (event %d)", s.Projection, s.Version, s.Events, s.Rows, s.Digest, s.Number)
}

// shownSeals are how many a verdict prints.
const shownSeals = 12

// sealLines are the seals of a verdict, the newest ones.
func (v Verdict) sealLines() (lines []string) {
	if left := len(v.Seals) - shownSeals; left > 0 {
		lines = append(lines, fmt.Sprintf("sealed      %d read models before these", left))
	}
	for _, s := range v.Seals[max(0, len(v.Seals)-shownSeals):] {
		lines = append(lines, "sealed      "+s.String())
	}
	return lines
}

package workload

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/partnerledger/partnerledger/domain"
)

type numbered int

func (numbered) happen(*generator) {}

// Things come out in order of time, and of one instant in the order in which they were put in, also when
// more are put in on the way.
func TestAgenda(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 1))
	a := newAgenda()
	number := numbered(0)
	put := func(from domain.Instant) {
		a.add(from+domain.Instant(dice.IntN(50))*domain.Hour, number)
		number++
	}
	for range 500 {
		put(begin)
	}
	var last entry
	taken := 0
	for e, ok := a.next(); ok; e, ok = a.next() {
		if e.at < last.at || e.at == last.at && e.turn < last.turn {
			t.Fatalf("%v at %s comes after %v at %s", e.what, e.at, last.what, last.at)
		}
		last = e
		taken++
		if number < 2000 {
			put(e.at)
		}
	}
	if taken != int(number) {
		t.Errorf("%d things went in and %d came out", number, taken)
	}
}

func TestAgendaEnds(t *testing.T) {
	a := newAgenda()
	a.add(end, numbered(1))
	a.add(end-1, numbered(2))
	if e, ok := a.next(); !ok || e.what != numbered(2) {
		t.Errorf("the last millisecond gave %v, %t", e.what, ok)
	}
	if e, ok := a.next(); ok {
		t.Errorf("after the end %v happens", e.what)
	}
}

func TestQuote(t *testing.T) {
	for _, text := range []string{"", "plain", `a "quoted" \ text`, "two\nlines", "tab\tand \x00 \x1f", "Grüße 🙂 </script>", "\u2028"} {
		var back string
		if err := json.Unmarshal(fields(nil).quote(text), &back); err != nil || back != text {
			t.Errorf("%q is read back as %q, %v", text, back, err)
		}
	}
}

func TestMPNIDsAreUsedOnce(t *testing.T) {
	g := &generator{seed: 1<<64 - 1}
	seen := map[domain.MPNID]bool{}
	for range 50_000 {
		mpn := g.newMPN()
		if seen[mpn] || len(mpn) < 6 || len(mpn) > 7 || !mpn.Numeric() {
			t.Fatalf("%s is used twice, or isn't six or seven digits", mpn)
		}
		seen[mpn] = true
	}
}

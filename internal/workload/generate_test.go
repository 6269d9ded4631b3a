package workload_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/internal/workload"
)

func generated(t testing.TB, o workload.Options) ([]byte, workload.Summary) {
	t.Helper()
	var b bytes.Buffer
	s, err := workload.Generate(t.Context(), o, &b)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), s
}

func TestSameOptionsSameBytes(t *testing.T) {
	seen := map[[32]byte]string{}
	for _, o := range []workload.Options{
		{Seed: 1, Size: workload.Tiny}, {Seed: 1, Size: workload.Tiny, EdgeCases: true}, {Seed: 2, Size: workload.Tiny},
		{Seed: 1<<64 - 1, Size: workload.Tiny}, {Seed: 1, Size: workload.Small},
	} {
		name := fmt.Sprintf("%+v", o)
		once, _ := generated(t, o)
		again, _ := generated(t, o)
		if !bytes.Equal(once, again) {
			t.Errorf("%s gives other bytes the second time", name)
		}
		if other, known := seen[sha256.Sum256(once)]; known {
			t.Errorf("%s gives the same bytes as %s", name, other)
		}
		seen[sha256.Sum256(once)] = name
	}
}

func TestTimeNeverGoesBack(t *testing.T) {
	o := workload.Options{Seed: 3, Size: workload.Small, EdgeCases: true}
	var last workload.Line
	var text []byte
	repeated := 0
	err := workload.Each(t.Context(), o, func(l workload.Line) error {
		if l.Number != last.Number+1 || l.At < last.At {
			t.Errorf("line %d at %s follows line %d at %s", l.Number, l.At, last.Number, last.At)
		}
		if l.Repeated {
			repeated++
			if !bytes.Equal(l.Text, text) {
				t.Errorf("line %d isn't the line before it, byte for byte", l.Number)
			}
		}
		last, text = l, append(text[:0], l.Text...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if share := float64(repeated) / float64(last.Number); share < 0.0004 || share > 0.002 {
		t.Errorf("%d of %d lines are sent twice, wanted about one in a thousand", repeated, last.Number)
	}
}

// A workload that is cut is the beginning of the whole one.
func TestCutWorkloads(t *testing.T) {
	whole, s := generated(t, workload.Options{Seed: 1, Size: workload.Tiny, EdgeCases: true})
	first, cut := generated(t, workload.Options{Seed: 1, Size: workload.Tiny, EdgeCases: true, Limit: 100})
	if cut.Lines != 100 || !bytes.HasPrefix(whole, first) {
		t.Errorf("with a limit of 100 there are %d lines, and they are the first ones: %t", cut.Lines, bytes.HasPrefix(whole, first))
	}
	through, err := domain.ParseInstant("2022-06-30T23:59:59.999Z")
	if err != nil {
		t.Fatal(err)
	}
	year, one := generated(t, workload.Options{Seed: 1, Size: workload.Tiny, EdgeCases: true, Through: through})
	if one.Lines == 0 || one.Lines >= s.Lines || !bytes.HasPrefix(whole, year) {
		t.Errorf("the first year has %d of %d lines, and they are the first ones: %t", one.Lines, s.Lines, bytes.HasPrefix(whole, year))
	}
	if rest := whole[len(year):]; !bytes.Contains(rest[:bytes.IndexByte(rest, '\n')], []byte(`"at":"2022-07-`)) {
		t.Errorf("after the first year comes %.200s", rest)
	}
}

func TestEndings(t *testing.T) {
	full := errors.New("no room")
	yield := func(l workload.Line) error {
		if l.Number == 7 {
			return full
		}
		return nil
	}
	o := workload.Options{Seed: 1, Size: workload.Tiny}
	if err := workload.Each(t.Context(), o, yield); !errors.Is(err, full) {
		t.Errorf("the error of yield is lost: %v", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := workload.Generate(cancelled, o, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context ends with %v", err)
	}
	if _, err := workload.Generate(t.Context(), workload.Options{Size: "huge"}, io.Discard); err == nil {
		t.Error("there is no size huge, but no error either")
	}
	if err := workload.Each(t.Context(), o, func(workload.Line) error { return nil }); err != nil {
		t.Errorf("a whole workload ends with %v", err)
	}
}

func TestSizes(t *testing.T) {
	for _, size := range workload.Sizes() {
		if parsed, err := workload.ParseSize(string(size)); parsed != size || err != nil {
			t.Errorf("ParseSize(%q) = %q, %v", size, parsed, err)
		}
	}
	if _, err := workload.ParseSize("Tiny"); err == nil {
		t.Error("ParseSize takes names in lower case only")
	}
	if workload.Lines("huge") != 0 {
		t.Error("an unknown size has an estimate")
	}
}

// The estimate is for a progress bar; a seed may have a fifth more or less at the smallest size.
func TestLineCounts(t *testing.T) {
	for _, c := range []struct {
		size      workload.Size
		tolerance float64
		runs      int
	}{{workload.Tiny, 0.25, 2}, {workload.Small, 0.10, 2}, {workload.Medium, 0.05, 1}} {
		for _, edges := range []bool{false, true}[:c.runs] {
			o := workload.Options{Seed: 1, Size: c.size, EdgeCases: edges}
			s, err := workload.Generate(t.Context(), o, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			if off := float64(s.Lines)/float64(o.Lines()) - 1; off < -c.tolerance || off > c.tolerance {
				t.Errorf("%s, edge cases %t: %d lines, estimated %d", c.size, edges, s.Lines, o.Lines())
			}
			if share := float64(s.MustBeRefused()) / float64(s.Lines); !edges && (share < 0.02 || share > 0.04) {
				t.Errorf("%s: %.1f %% of the lines must be refused, wanted about 3 %%", c.size, 100*share)
			}
		}
	}
}

func TestEstimateOfCutWorkloads(t *testing.T) {
	o := workload.Options{Size: workload.Small, Limit: 100}
	if o.Lines() != 100 {
		t.Errorf("with a limit of 100 the estimate is %d", o.Lines())
	}
	o = workload.Options{Size: workload.Small, Through: 1}
	if o.Lines() != 0 {
		t.Errorf("before the first day the estimate is %d", o.Lines())
	}
}

func TestCodes(t *testing.T) {
	_, small := generated(t, workload.Options{Seed: 1, Size: workload.Small})
	if len(small.Refused) < 40 {
		t.Errorf("size small shows only %d different refusals: %v", len(small.Refused), small.Refused)
	}
	_, tiny := generated(t, workload.Options{Seed: 1, Size: workload.Tiny, EdgeCases: true})
	for _, code := range domain.Codes() {
		if tiny.Refused[code] == 0 {
			t.Errorf("the edge cases never show %s", code)
		}
	}
}

func BenchmarkEach(b *testing.B) {
	lines := 0
	o := workload.Options{Seed: 1, Size: workload.Small, EdgeCases: true}
	for b.Loop() {
		err := workload.Each(b.Context(), o, func(l workload.Line) error {
			lines++
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(lines)/b.Elapsed().Seconds(), "lines/s")
}

func Example() {
	o := workload.Options{Seed: 1, Size: workload.Tiny, EdgeCases: true}
	accepted, refused := 0, 0
	err := workload.Each(context.Background(), o, func(l workload.Line) error {
		if l.Refused == "" {
			accepted++
		} else {
			refused++
		}
		return nil
	})
	fmt.Println(accepted > 1000, refused > 100, err)
	// Output: true true <nil>
}

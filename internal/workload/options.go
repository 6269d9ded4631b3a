package workload

import (
	"fmt"
	"slices"

	"github.com/partnerledger/partnerledger/domain"
)

// Size is how big a business is simulated.
type Size string

// The sizes. Large has more than three million lines.
const (
	Tiny   Size = "tiny"
	Small  Size = "small"
	Medium Size = "medium"
	Large  Size = "large"
)

// Sizes lists all sizes, the smallest first.
func Sizes() []Size { return []Size{Tiny, Small, Medium, Large} }

// ParseSize reads the name of a size; the error lists those there are.
func ParseSize(name string) (Size, error) {
	if size := Size(name); slices.Contains(Sizes(), size) {
		return size, nil
	}
	return "", fmt.Errorf("size %q is none of %v", name, Sizes())
}

// Options say which workload is wanted. The same options give the same bytes.
type Options struct {
	Seed uint64
	Size Size
	// EdgeCases weaves scripted scenes in, with partners and customers of their own.
	EdgeCases bool
	// Limit ends the workload after so many lines; 0 means that it isn't cut.
	Limit int
	// Through ends the workload after the lines of this instant; 0 means all three years.
	Through domain.Instant
}

// The three fiscal years.
var (
	begin = instantOf(2021, 7, 1)
	end   = instantOf(2024, 7, 1)
)

// dimensions are the numbers that make a size.
type dimensions struct {
	resellers, customers int
	// heavy is the number of subscriptions with more than a thousand quantity changes.
	heavy int
	// removedBook and deletedBook are the customers of a scene in which everybody is hit at once.
	removedBook, deletedBook int
	// lines and sceneLines are what comes out, without the scenes and of them, measured over some seeds.
	lines, sceneLines int
}

func (s Size) dimensions() (dimensions, error) {
	switch s {
	case Tiny:
		return dimensions{10, 100, 0, 25, 15, 1_350, 550}, nil
	case Small:
		return dimensions{60, 1_200, 1, 500, 300, 16_700, 1_380}, nil
	case Medium:
		return dimensions{1_500, 30_000, 3, 500, 300, 370_000, 1_380}, nil
	case Large:
		return dimensions{8_500, 280_000, 10, 500, 300, 3_366_000, 1_380}, nil
	default:
		return dimensions{}, fmt.Errorf("size %q is none of %v", string(s), Sizes())
	}
}

// Lines estimates how many lines a whole workload of this size has without edge cases, for a progress
// bar; it is 0 for an unknown size.
func Lines(s Size) int {
	d, _ := s.dimensions()
	return d.lines
}

// Lines estimates how many lines these options give, for a progress bar.
func (o Options) Lines() int {
	d, _ := o.Size.dimensions()
	lines := d.lines
	if o.EdgeCases {
		lines += d.sceneLines
	}
	if o.Through > 0 && o.Through < end {
		lines = int(float64(lines) * float64(max(0, o.Through-begin)) / float64(end-begin))
	}
	if o.Limit > 0 {
		lines = min(lines, o.Limit)
	}
	return lines
}

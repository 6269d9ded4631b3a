package workload

import (
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/partnerledger/partnerledger/domain"
)

const year = 365 * domain.Day

// chance is the only source of randomness; its state follows from seed and size alone.
type chance struct{ *rand.Rand }

func newChance(seed uint64, size Size) chance {
	h := fnv.New64a()
	h.Write([]byte(size))
	return chance{rand.New(rand.NewPCG(seed, h.Sum64()))}
}

// likely is true with this probability.
func (c chance) likely(probability float64) bool { return c.Float64() < probability }

// between is a moment or a span of time, low included, high excluded.
func (c chance) between(low, high domain.Instant) domain.Instant {
	return low + domain.Instant(c.Int64N(int64(high-low)))
}

// numberBetween is a number, low included, high excluded.
func (c chance) numberBetween(low, high int) int { return low + c.IntN(high-low) }

// logNormal has this median; the logarithm's standard deviation is sigma.
func (c chance) logNormal(median, sigma float64) float64 {
	return median * math.Exp(sigma*c.NormFloat64())
}

// wait is the time until something happens that happens so many times a year.
func (c chance) wait(timesAYear float64) domain.Instant {
	return domain.Instant(c.ExpFloat64()/timesAYear*float64(year)) + domain.Minute
}

// triangular lies between low and high and is most likely near the mode.
func (c chance) triangular(low, mode, high float64) float64 {
	u, turn := c.Float64(), (mode-low)/(high-low)
	if u < turn {
		return low + math.Sqrt(u*(high-low)*(mode-low))
	}
	return high - math.Sqrt((1-u)*(high-low)*(high-mode))
}

func pick[T any](c chance, from []T) T { return from[c.IntN(len(from))] }

// weighted is a choice with its weight among the others of its table.
type weighted[T any] struct {
	weight float64
	choice T
}

func pickWeighted[T any](c chance, table []weighted[T]) T {
	total := 0.0
	for _, w := range table {
		total += w.weight
	}
	roll := c.Float64() * total
	for _, w := range table {
		if roll -= w.weight; roll < 0 {
			return w.choice
		}
	}
	return table[len(table)-1].choice
}

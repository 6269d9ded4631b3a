package readmodel_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/projections/readmodel"
)

// TestQuestionAt places every form of the question in both times (workload README, §4).
func TestQuestionAt(t *testing.T) {
	early, late, now := domain.Instant(10), domain.Instant(20), domain.Instant(30)
	for name, c := range map[string]struct {
		question readmodel.Question
		want     readmodel.Point
	}{
		"the latest":                 {readmodel.Question{}, readmodel.Point{Facts: domain.MaxInstant, Instant: now, Known: domain.MaxInstant}},
		"as of":                      {readmodel.Question{AsOf: &early}, readmodel.Point{Facts: early, Instant: early, Known: domain.MaxInstant}},
		"as known at":                {readmodel.Question{AsKnownAt: &early}, readmodel.Point{Facts: early, Instant: early, Known: early}},
		"as of before as known at":   {readmodel.Question{AsOf: &early, AsKnownAt: &late}, readmodel.Point{Facts: early, Instant: early, Known: late}},
		"as of later than was known": {readmodel.Question{AsOf: &late, AsKnownAt: &early}, readmodel.Point{Facts: early, Instant: late, Known: early}},
	} {
		assert.Equal(t, c.want, c.question.At(now), name)
	}
}

// TestShown shows no end that comes after the instant asked about.
func TestShown(t *testing.T) {
	at, ends := readmodel.At(10), func(i domain.Instant) *domain.Instant { return &i }
	assert.Nil(t, at.Shown(nil))
	assert.Nil(t, at.Shown(ends(11)))
	assert.Equal(t, ends(10), at.Shown(ends(10)))
}

package credit_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/credit"
)

func TestMonthsAreCutInUTC(t *testing.T) {
	bought, ended := on(3, 31, 0).At, on(5, 2, 0).At
	credited, uncredited := credit.Months(
		[]credit.Interval{{MPNID: a, From: on(4, 1, 0).At - 1, To: on(4, 30, 0).At}},
		[]credit.Step{{From: bought, Seats: 2}, {From: on(4, 11, 0).At, Seats: 1}}, ended)
	day := credit.SeatMillis(domain.Day)
	require.Equal(t, map[credit.MonthMPN]credit.SeatMillis{
		{Month: "2021-03", MPNID: a}: 2, {Month: "2021-04", MPNID: a}: 2*10*day + 19*day,
	}, credited)
	require.Equal(t, map[domain.Month]credit.SeatMillis{"2021-03": 2*day - 2, "2021-04": day, "2021-05": day}, uncredited)
}

func TestMonthsOfNothing(t *testing.T) {
	credited, uncredited := credit.Months(nil, nil, 5)
	require.Empty(t, credited)
	require.Empty(t, uncredited)

	credited, uncredited = credit.Months([]credit.Interval{{MPNID: a, From: 10, To: domain.MaxInstant}}, []credit.Step{{From: 10, Seats: 7}}, 10)
	require.Empty(t, credited, "asked at its first instant a subscription has earned nothing yet")
	require.Empty(t, uncredited)
}

func TestTheLastStepOfAnInstantHolds(t *testing.T) {
	_, uncredited := credit.Months(nil, []credit.Step{{From: 0, Seats: 100}, {From: 0, Seats: 3}}, 10)
	require.Equal(t, map[domain.Month]credit.SeatMillis{"1970-01": 30}, uncredited)
}

func TestSeatDaysRoundHalfUp(t *testing.T) {
	for millis, want := range map[credit.SeatMillis]string{
		0: "0.000000", 1: "0.000000", 43: "0.000000", 44: "0.000001", 86_400: "0.001000", 47186493000: "546.139965",
		216: "0.000003", 2160: "0.000025", 648: "0.000008",
		86_399_956: "0.999999", 86_399_957: "1.000000", 9_000_000_000_000_000_000: "104166666666.666667",
	} {
		require.Equal(t, want, millis.SeatDays(), int64(millis))
	}
	require.Equal(t, "0.000003", credit.SeatMillis(216).SeatDays(), "216 is 2.5 millionths of a day exactly: half goes up")
}

func TestMonthsStopWhereTheyAreAsked(t *testing.T) {
	intervals := []credit.Interval{{MPNID: a, From: 0, To: 11}, {MPNID: b, From: 11, To: domain.MaxInstant}}
	steps := []credit.Step{{From: 0, Seats: 1}, {From: 10, Seats: 3}, {From: 30, Seats: 1000}}
	credited, uncredited := credit.Months(intervals, steps, 20)
	require.Equal(t, map[credit.MonthMPN]credit.SeatMillis{
		{Month: "1970-01", MPNID: a}: 10 + 3, {Month: "1970-01", MPNID: b}: 27,
	}, credited, "the last millisecond of an interval counts, and steps after the instant asked don't")
	require.Empty(t, uncredited)
}

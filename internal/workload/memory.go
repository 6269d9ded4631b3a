package workload

import "github.com/partnerledger/partnerledger/domain"

// memory is what faults need that is over: who was answered, what has ended.
type memory struct {
	// strangers are MPN IDs of partners that aren't resellers; empty until they are known.
	strangers        [3]domain.MPNID
	deletedLocations recent[domain.MPNID]
	ended, suspended recent[*subscription]
	answered         recent[answered]
	orders           recent[ordered]
}

// ordered is an order that has been placed.
type ordered struct {
	customer *customer
	order    string
}

// answered is a request that has been accepted.
type answered struct {
	pair    *partnership
	request id
}

// recent keeps the last hundred of something.
type recent[T any] struct {
	kept  []T
	added int
}

func (r *recent[T]) add(t T) {
	const most = 100
	if len(r.kept) < most {
		r.kept = append(r.kept, t)
	} else {
		r.kept[r.added%most] = t
	}
	r.added++
}

// any is one of them, or the zero value when there are none.
func (r *recent[T]) any(c chance) (t T, ok bool) {
	if len(r.kept) == 0 {
		return t, false
	}
	return pick(c, r.kept), true
}

package timeline

import (
	"context"
	"math"
	"strings"

	"github.com/partnerledger/partnerledger/projections/readmodel"
	"github.com/partnerledger/partnerledger/projections/sqldb"
)

// operationMax bounds how many events of one operation are looked for.
const operationMax = 5000

// operation finds the numbers of the events that belong to an id: that of a command or of what commands
// belong to together, and those of an order or of a request with all that their commands did.
func operation(ctx context.Context, r sqldb.Reader, id string) ([]any, error) {
	commands, err := texts(ctx, r, readmodel.From("SELECT t.command_id FROM timeline t WHERE t.correlation_id = $1", id))
	if err != nil {
		return nil, err
	}
	orders, err := texts(ctx, r, readmodel.From("SELECT t.command_id FROM timeline t WHERE t.order_id = $1", id))
	if err != nil {
		return nil, err
	}
	requests, err := texts(ctx, r, readmodel.From("SELECT t.command_id FROM timeline t WHERE t.request_id = $1", id))
	if err != nil {
		return nil, err
	}
	var seqs []any
	done := map[string]bool{}
	for _, list := range [][]string{{id}, commands, orders, requests} {
		for _, command := range list {
			if done[command] || len(seqs) >= operationMax {
				continue
			}
			done[command] = true
			if seqs, err = ofCommand(ctx, r, command, seqs); err != nil {
				return nil, err
			}
		}
	}
	return seqs, nil
}

func texts(ctx context.Context, r sqldb.Reader, s *readmodel.Select) ([]string, error) {
	return readmodel.All(ctx, r, s.Order("t.seq"), func(text *string) []any { return []any{text} })
}

// ofCommand adds the events of a command. Its outcome says where they begin and how many there are, so that
// the timeline needs no index of commands.
func ofCommand(ctx context.Context, r sqldb.Reader, command string, seqs []any) ([]any, error) {
	type begun struct {
		first  int64
		events string
	}
	outcomes, err := readmodel.All(ctx, r, readmodel.From("SELECT o.first_seq, COALESCE(o.event_ids, '') FROM outcomes o WHERE o.command_id = $1", command),
		func(b *begun) []any { return []any{&b.first, &b.events} })
	if err != nil {
		return nil, err
	}
	for _, o := range outcomes {
		number := max(1, len(strings.Fields(o.events)))
		found, err := within(ctx, r, command, o.first, o.first+near)
		if err == nil && len(found) < number { // a reaction came much later
			found, err = within(ctx, r, command, o.first, math.MaxInt64)
		}
		if err != nil {
			return nil, err
		}
		for _, seq := range found {
			seqs = append(seqs, seq)
		}
	}
	return seqs, nil
}

// near is how far from the first event of a command the others are looked for at first. Nearly always they
// stand together; and a database that doesn't know that would rather read everything than walk along the log.
const near = 5000

func within(ctx context.Context, r sqldb.Reader, command string, from, to int64) ([]int64, error) {
	s := readmodel.From("SELECT t.seq FROM timeline t WHERE t.seq >= $1 AND t.seq <= $2 AND t.command_id = $3", from, to, command)
	return readmodel.All(ctx, r, s.Order("t.seq"), func(seq *int64) []any { return []any{seq} })
}

// ofReseller asks for what is about a reseller, and what was taken from it; a correction that did says so nowhere
// but in the credit that it replaced.
func (f Filter) ofReseller(ctx context.Context, r sqldb.Reader, s *readmodel.Select) error {
	if f.Reseller == "" {
		return nil
	}
	corrections, err := readmodel.All(ctx, r, readmodel.From(selectCorrections, f.Reseller), func(seq *int64) []any { return []any{seq} })
	if err != nil {
		return err
	}
	condition, args := "(t.reseller_tenant_id = ? OR t.previous_tenant_id = ?", []any{f.Reseller, f.Reseller}
	if len(corrections) > 0 {
		condition += " OR t.seq IN (?" + strings.Repeat(", ?", len(corrections)-1) + ")"
	}
	for _, seq := range corrections {
		args = append(args, seq)
	}
	s.And(condition+")", args...)
	return nil
}

const selectCorrections = `SELECT DISTINCT f.seq
FROM credit_intervals i
JOIN credit_facts f ON f.provider_tenant_id = i.provider_tenant_id AND f.customer_tenant_id = i.customer_tenant_id
  AND f.subscription_id = i.subscription_id AND f.source = 'correction' AND f.recorded_at = i.known_until
WHERE i.reseller_tenant_id = $1 AND i.known_until IS NOT NULL AND i.policy = 'keep' AND f.reseller_tenant_id <> i.reseller_tenant_id
ORDER BY f.seq`

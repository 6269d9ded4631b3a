package workload

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"github.com/partnerledger/partnerledger/domain"
)

// id is a UUID. The zero id means that there is none.
type id [16]byte

func (i id) none() bool { return i == id{} }

func (i id) String() string { return string(i.append(nil)) }

func (i id) append(b []byte) []byte {
	for n, cut := range [...]int{0, 4, 6, 8, 10} {
		if n > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, i[cut:[...]int{4, 6, 8, 10, 16}[n]])
	}
	return b
}

// seedling derives everything that is a name from the seed, so that an id doesn't depend on how the dice fell.
type seedling uint64

func (s seedling) digest(kind string, number int) [32]byte {
	var b [64]byte
	binary.BigEndian.PutUint64(b[:], uint64(s))
	binary.BigEndian.PutUint64(b[8:], uint64(number))
	return sha256.Sum256(b[:16+copy(b[16:], kind)])
}

// id is a version 4 UUID of this kind with this number.
func (s seedling) id(kind string, number int) (i id) {
	d := s.digest(kind, number)
	copy(i[:], d[:])
	i[6] = i[6]&0x0f | 0x40
	i[8] = i[8]&0x3f | 0x80
	return i
}

// counters hand out what must be used once only.
type counters struct {
	commands, mpnIDs, orders, requests, subscriptions, scenes int
}

// newMPN is an MPN ID of six or seven digits that nobody has yet. The vendor's sample ids are left to
// the scenes, which use them with the vendor's sample names.
func (g *generator) newMPN() domain.MPNID {
	const places = 8_699_999
	for {
		g.count.mpnIDs++
		switch n := 300_000 + (uint64(g.count.mpnIDs)*7919+uint64(g.seed)%places*104_729)%places; n {
		case 4_847_383, 4_847_433, 4_391_507:
		default:
			return domain.MPNID(strconv.FormatUint(n, 10))
		}
	}
}

// newOrderID is a UUID or, as for half of the vendor's orders, an opaque word.
func (g *generator) newOrderID() string {
	g.count.orders++
	if g.count.orders%2 == 1 {
		return g.seed.id("order", g.count.orders).String()
	}
	d := g.seed.digest("order", g.count.orders)
	return "Ia" + hex.EncodeToString(d[:16])
}

func (g *generator) newRequestID() id {
	g.count.requests++
	return g.seed.id("request", g.count.requests)
}

func (g *generator) newSubscriptionID() id {
	g.count.subscriptions++
	return g.seed.id("subscription", g.count.subscriptions)
}

// strayID is an id that names nothing in the ledger; it changes with every command.
func (g *generator) strayID(kind string) id { return g.seed.id("stray "+kind, g.count.commands) }

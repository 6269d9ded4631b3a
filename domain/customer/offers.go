package customer

import "strings"

// offer is what the rules know of one offer. Offers that aren't listed have neither cap nor family.
type offer struct {
	family      string // upgrades stay within it; empty: no upgrade leads from or to it
	rank        int
	maxQuantity int // zero: no cap
}

// catalogue is the vendor's list as data: the caps, and the families within which an upgrade goes up.
var catalogue = map[string]offer{
	"CFQ7TTC0LH18:0001:CFQ7TTC0K971":       {family: "business", rank: 1, maxQuantity: 300}, // Microsoft 365 Business Basic
	"EXBUSSTD0002:0001:EXAVBUSSTD02":       {family: "business", rank: 2, maxQuantity: 300}, // Microsoft 365 Business Standard
	"EXBUSPRM0003:0001:EXAVBUSPRM03":       {family: "business", rank: 3, maxQuantity: 300}, // Microsoft 365 Business Premium
	"EXENTE100004:0001:EXAVENTE1004":       {family: "enterprise", rank: 1},                 // Office 365 E1
	"EXENTE300005:0001:EXAVENTE3005":       {family: "enterprise", rank: 2},                 // Office 365 E3
	"EXENTE500006:0001:EXAVENTE5006":       {family: "enterprise", rank: 3},                 // Office 365 E5
	"EXEXOP100007:0001:EXAVEXOP1007":       {family: "exchange", rank: 1},                   // Exchange Online (Plan 1)
	"EXEXOP200008:0001:EXAVEXOP2008":       {family: "exchange", rank: 2},                   // Exchange Online (Plan 2)
	"DG7GMGF0FKZV:0003:DG7GMGF0DQLM":       {},                                              // SQL Server Enterprise - 2 Core License Pack - 3 year
	"5e0b1c2a-0000-4a00-8000-000000000001": {family: "business-legacy", rank: 1, maxQuantity: 300},
	"5e0b1c2a-0000-4a00-8000-000000000002": {family: "business-legacy", rank: 2, maxQuantity: 300},
	"5e0b1c2a-0000-4a00-8000-000000000003": {family: "enterprise-legacy", rank: 1},
	"5e0b1c2a-0000-4a00-8000-000000000004": {family: "enterprise-legacy", rank: 2},
	"DB2E705F-B82A-4024-A3D5-D88E12F2DB35": {}, // Intune Device
	"2828BE95-46BA-4F91-B2FD-0BEF192ECF60": {}, // Exchange Online Archiving for Exchange Online
}

// nce tells whether an offer is sold under the new commerce rules: its id is ProductId:SkuId:AvailabilityId.
func nce(offerID string) bool { return strings.Contains(offerID, ":") }

// inRange tells whether so many seats may be bought of the offer.
func inRange(offerID string, quantity int) bool {
	most := catalogue[offerID].maxQuantity
	return quantity >= 1 && (most == 0 || quantity <= most)
}

// upgradable tells whether one offer may be upgraded to the other: of two listed ones the target is of
// the same family and ranks higher; where one isn't listed nothing is known against it.
func upgradable(from, to string) bool {
	old, oldListed := catalogue[from]
	next, nextListed := catalogue[to]
	if !oldListed || !nextListed {
		return true
	}
	return old.family == next.family && next.rank > old.rank
}

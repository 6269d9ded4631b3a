package workload

// offer is what can be bought. An upgrade goes to a higher rank of the same family; limit 0 means no cap.
type offer struct {
	id, name string
	// modern offers have windows of seven days for cancelling and reducing (NCE); the others are legacy.
	modern bool
	family string
	rank   int
	limit  int
}

// most is the highest quantity of the offer that is ever ordered.
func (o *offer) most() int {
	if o.limit > 0 {
		return o.limit
	}
	return 5000
}

// offers are those of the workloads' offers.json, in its order.
var offers = [...]offer{
	{"CFQ7TTC0LH18:0001:CFQ7TTC0K971", "Microsoft 365 Business Basic", true, "business", 1, 300},
	{"EXBUSSTD0002:0001:EXAVBUSSTD02", "Microsoft 365 Business Standard", true, "business", 2, 300},
	{"EXBUSPRM0003:0001:EXAVBUSPRM03", "Microsoft 365 Business Premium", true, "business", 3, 300},
	{"EXENTE100004:0001:EXAVENTE1004", "Office 365 E1", true, "enterprise", 1, 0},
	{"EXENTE300005:0001:EXAVENTE3005", "Office 365 E3", true, "enterprise", 2, 0},
	{"EXENTE500006:0001:EXAVENTE5006", "Office 365 E5", true, "enterprise", 3, 0},
	{"EXEXOP100007:0001:EXAVEXOP1007", "Exchange Online (Plan 1)", true, "exchange", 1, 0},
	{"EXEXOP200008:0001:EXAVEXOP2008", "Exchange Online (Plan 2)", true, "exchange", 2, 0},
	{"DG7GMGF0FKZV:0003:DG7GMGF0DQLM", "SQL Server Enterprise - 2 Core License Pack - 3 year", true, "", 0, 0},
	{"5e0b1c2a-0000-4a00-8000-000000000001", "Office 365 Business Essentials", false, "business-legacy", 1, 300},
	{"5e0b1c2a-0000-4a00-8000-000000000002", "Office 365 Business Premium", false, "business-legacy", 2, 300},
	{"5e0b1c2a-0000-4a00-8000-000000000003", "Office 365 Enterprise E1", false, "enterprise-legacy", 1, 0},
	{"5e0b1c2a-0000-4a00-8000-000000000004", "Office 365 Enterprise E3", false, "enterprise-legacy", 2, 0},
	{"DB2E705F-B82A-4024-A3D5-D88E12F2DB35", "Intune Device", false, "", 0, 0},
	{"2828BE95-46BA-4F91-B2FD-0BEF192ECF60", "Exchange Online Archiving for Exchange Online", false, "", 0, 0},
}

// The offers that scenes and faults name.
var (
	businessBasic    = &offers[0]
	businessStandard = &offers[1]
	businessPremium  = &offers[2]
	enterpriseE1     = &offers[3]
	threeYearLicense = &offers[8]
	legacyEssentials = &offers[9]
	legacyPremium    = &offers[10]
	legacyE1         = &offers[11]
	legacyE3         = &offers[12]
)

// modernOffers and legacyOffers say how often each is bought.
var (
	modernOffers = []weighted[*offer]{{26, &offers[0]}, {24, &offers[1]}, {20, &offers[2]}, {4, &offers[3]},
		{8, &offers[4]}, {3, &offers[5]}, {6, &offers[6]}, {4, &offers[7]}, {5, &offers[8]}}
	legacyOffers = []weighted[*offer]{{30, &offers[9]}, {30, &offers[10]}, {13, &offers[11]}, {10, &offers[12]},
		{7, &offers[13]}, {10, &offers[14]}}
)

// related lists the offers of the same family whose rank is higher, or lower.
func (o *offer) related(higher bool) (found []*offer) {
	for i := range offers {
		other := &offers[i]
		if o.family != "" && other.family == o.family && other.rank != o.rank && higher == (other.rank > o.rank) {
			found = append(found, other)
		}
	}
	return found
}

// term is how long is bought, and how often paid.
type term struct{ duration, billing string }

var terms = []weighted[term]{{15, term{"P1M", "monthly"}}, {47, term{"P1Y", "monthly"}},
	{35, term{"P1Y", "annual"}}, {3, term{"P3Y", "annual"}}}

func (t term) yearly() bool  { return t.duration == "P1Y" }
func (t term) monthly() bool { return t.duration == "P1M" }

package workload

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/partnerledger/partnerledger/domain"
)

// land is where a company can be: what an address looks like there, and how companies are called.
type land struct {
	country, city, postalCode, street, culture, suffix string
	// registered countries ask for a registration number and a phone number.
	registered bool
}

var lands = [...]land{
	{"DE", "München", "80331", "Sonnenstraße", "de-DE", "GmbH", false},
	{"FR", "Lyon", "69002", "Rue de la République", "fr-FR", "SARL", false},
	{"NL", "Utrecht", "3511 CE", "Oudegracht", "nl-NL", "B.V.", false},
	{"ES", "Málaga", "29005", "Calle Larios", "es-ES", "S.L.", false},
	{"IT", "Torino", "10121", "Via Roma", "it-IT", "S.r.l.", false},
	{"PL", "Łódź", "90-001", "Piotrkowska", "pl-PL", "Sp. z o.o.", false},
	{"IE", "Cork", "T12 W8KP", "Patrick Street", "en-IE", "Ltd", false},
	{"SE", "Malmö", "211 22", "Södergatan", "sv-SE", "AB", false},
	{"HU", "Szeged", "6720", "Kárász utca", "hu-HU", "Kft.", true},
}

func landOf(country string) land {
	for _, l := range lands {
		if l.country == country {
			return l
		}
	}
	return lands[0]
}

const (
	firstWords = "Alpine Blue Bright Cedar Coastal Crystal Delta Eastern Élan Ember Evergreen Falcon First Garden Golden Granite " +
		"Green Harbor Hill Iron Island Jade Lake Liberty Lunar Maple Meadow Müller Nordic North Ocean Olive Orchid Park Pine " +
		"Prime Quartz Rapid Red River Rock Royal Sierra Silver Škoda Solar South Spring Stone Summit Sun Swift Terra Tidal " +
		"Union Urban Valley Verde Vista West White Willow Winter Żubr"
	secondWords = "Advisors Analytics Apparel Bakery Bank Books Builders Catering Ceramics Clinic Coffee Consulting Controls Dairy " +
		"Dental Design Electric Energy Engineering Farms Films Finance Flooring Foods Foundry Freight Furniture Garage Glass " +
		"Hotels Insurance Interiors Joinery Kitchens Labs Law Logistics Machines Media Metals Mills Motors Optics Packaging " +
		"Pharma Plastics Press Properties Research Roasters Schools Security Shipping Steel Studios Supply Textiles Tools " +
		"Tours Toys Traders Travel Vets Vineyards"
	partnerWords = "Cloud Systems Networks Services Solutions Technologies Computing Consultants"
	givenNames   = "Ada Ben Cleo Dana Eli Fay Gil Hana Ivo Jo Kai Lea Max Nia Oto Pia"
	familyNames  = "Arden Birch Cole Dunn Ekström Frost Gray Holt Iverson Jansen Kovács Lind Marsh Nowak Ortiz Pryce"
)

// words are the lists above, split once for a generator.
type words struct{ first, second, partner, given, family []string }

func newWords() words {
	return words{strings.Fields(firstWords), strings.Fields(secondWords), strings.Fields(partnerWords),
		strings.Fields(givenNames), strings.Fields(familyNames)}
}

// company is what follows from a company's number: its names, its people, its house.
type company struct {
	name, slug, partnerName string
	digest                  [32]byte
	person                  contact
}

// The numbers of companies: customers count from 0, the others from here, so that no slug is used twice.
const (
	resellerCompanies = 10_000_000
	refusedCompanies  = 20_000_000
	sceneCompanies    = 40_000_000
)

func (g *generator) company(number int, country string) company {
	d := g.seed.digest("company", number)
	first, second := of(g.words.first, d[0]), of(g.words.second, d[1])
	suffix := landOf(country).suffix
	slug := latin(first + second)
	c := company{name: first + " " + second + " " + suffix, partnerName: first + " " + of(g.words.partner, d[12]) + " " + suffix,
		slug: fmt.Sprintf("%s%d", slug[:min(14, len(slug))], number), digest: d}
	c.person = g.person(d, c.slug)
	return c
}

// person is somebody at the company; every second one has given a phone number.
func (g *generator) person(d [32]byte, slug string) contact {
	given := of(g.words.given, d[2])
	c := contact{firstName: given, lastName: of(g.words.family, d[3]), email: strings.ToLower(given) + "@" + slug + ".example"}
	if d[4]%2 == 1 {
		c.telephone = fmt.Sprintf("+49%09d", binary.BigEndian.Uint32(d[5:])%1_000_000_000)
	}
	return c
}

func of(list []string, b byte) string { return list[int(b)%len(list)] }

// latin is the text in lower case with nothing left but the letters that a domain may have.
func latin(text string) string {
	return strings.Map(func(r rune) rune {
		if r < 'a' || r > 'z' {
			return -1
		}
		return r
	}, strings.ToLower(text))
}

// newCustomerForm is the wizard filled in for the company of this number.
func (g *generator) newCustomerForm(p *provider, tenant id, number int, country string) *addCustomer {
	c, l := g.company(number, country), landOf(country)
	form := &addCustomer{provider: p.tenant, customer: tenant, company: c.name, domain: c.slug + ".onmicrosoft.com",
		billingEmail: "billing@" + c.slug + ".example", culture: l.culture, language: l.culture[:2],
		street: fmt.Sprintf("%s %d", l.street, int(c.digest[9])%180+1), city: l.city, postalCode: l.postalCode, country: country,
		firstName: c.person.firstName, lastName: c.person.lastName, billingTelephone: c.person.telephone,
		agreed: &agreement{c.person, domain.DateOf(g.now - domain.Day*domain.Instant(c.digest[11]%10))}}
	if l.registered {
		form.registrationNumber = fmt.Sprintf("%08d-2-%02d", binary.BigEndian.Uint32(c.digest[13:])%100_000_000, c.digest[10]%44)
		form.billingTelephone = fmt.Sprintf("+3662%06d", binary.BigEndian.Uint32(c.digest[17:])%1_000_000)
	}
	return form
}

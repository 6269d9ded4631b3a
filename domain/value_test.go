package domain_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/partnerledger/partnerledger/domain"
)

func TestInstantsReadAndWrite(t *testing.T) {
	for text, want := range map[string]domain.Instant{
		"2021-08-02T08:50:45.773Z": 1627894245773,
		"2021-08-02T08:50:45Z":     1627894245000,
		"1970-01-01T00:00:00Z":     0,
		"1969-12-31T23:59:59.999Z": -1,
	} {
		got, err := domain.ParseInstant(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("ParseInstant(%s) = %d (%s), %v; want %d", text, got, got, err, want)
		}
		if domain.InstantOf(got.Time()) != got {
			t.Errorf("%s isn't the same after a time.Time", text)
		}
	}
	for text, want := range map[string]string{"2021-08-02T08:50:45.7Z": "2021-08-02T08:50:45.700Z", "2021-08-02T08:50:45.000Z": "2021-08-02T08:50:45Z"} {
		if got, err := domain.ParseInstant(text); err != nil || got.String() != want {
			t.Errorf("ParseInstant(%s) = %s, %v; want %s", text, got, err, want)
		}
	}
}

func TestWhatIsNoInstant(t *testing.T) {
	for _, text := range []string{"", "2021-08-02", "2021-08-02T08:50:45", "2021-08-02T08:50:45+02:00", "2021-08-02T08:50:45.7731Z",
		"2021-13-02T08:50:45Z", "2021-02-30T08:50:45Z", "2021-08-02T24:00:00Z", "2021-08-02t08:50:45Z", "2021-08-02T08:50:45z"} {
		if got, err := domain.ParseInstant(text); err == nil {
			t.Errorf("%q was read as %s", text, got)
		} else if !strings.Contains(err.Error(), fmt.Sprintf("%q", text)) {
			t.Errorf("the error doesn't quote %q: %v", text, err)
		}
	}
}

func TestInstantsInJSON(t *testing.T) {
	var got struct{ At domain.Instant }
	if err := json.Unmarshal([]byte(`{"At":"2021-08-02T08:50:45.773Z"}`), &got); err != nil || got.At != 1627894245773 {
		t.Errorf("got %d, %v", got.At, err)
	}
	if text, err := json.Marshal(got); err != nil || string(text) != `{"At":"2021-08-02T08:50:45.773Z"}` {
		t.Errorf("got %s, %v", text, err)
	}
	if err := json.Unmarshal([]byte(`{"At":"yesterday"}`), &got); err == nil {
		t.Error("yesterday was read")
	}
}

func TestDaysAndMonthsAreUTC(t *testing.T) {
	last := domain.InstantOf(time.Date(2024, 2, 29, 23, 59, 59, 999e6, time.UTC))
	if domain.DateOf(last) != "2024-02-29" || domain.MonthOf(last) != "2024-02" || domain.MonthOf(last+1) != "2024-03" {
		t.Errorf("%s is in %s, %s", last, domain.DateOf(last), domain.MonthOf(last))
	}
	if start, err := domain.Month("2024-03").Start(); err != nil || start != last+1 {
		t.Errorf("March starts at %s, %v", start, err)
	}
	if _, err := domain.Month("2024-13").Start(); err == nil {
		t.Error("there is a thirteenth month")
	}
}

func TestNumericIDs(t *testing.T) {
	for id, want := range map[domain.MPNID]bool{"1": true, "0123456": true, "1234567890": true, "": false, "12345678901": false, " 1": false,
		"-1": false, "MPN1": false, "١٢٣": false, "1.0": false} {
		if id.Numeric() != want {
			t.Errorf("%q numeric: %t, want %t", id, !want, want)
		}
	}
}

func TestPersonalTextsHideThemselves(t *testing.T) {
	const secret = "gil@winter.example"
	p := domain.PersonalText(secret)
	holder := struct{ Email domain.Personal }{p}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, v := range []any{p, &p, holder, []domain.Personal{p}} {
			if got := fmt.Sprintf(format, v); strings.Contains(got, "winter") {
				t.Errorf("%s shows %s", format, got)
			}
		}
	}
	if text, err := json.Marshal(holder); err != nil || string(text) != `{"Email":"[personal]"}` {
		t.Errorf("JSON shows %s, %v", text, err)
	}
	if p.Reveal() != secret || p.Sealed() != "" || p.IsZero() {
		t.Error("what was typed isn't known any more")
	}
}

func TestPersonalTextsThatWereSealed(t *testing.T) {
	forgotten, both := domain.SealedText("c2VhbGVk"), domain.PersonalText("Gil").WithSealed("c2VhbGVk")
	if forgotten.Reveal() != "" || forgotten.Sealed() != "c2VhbGVk" || forgotten.IsZero() {
		t.Errorf("without its key a text reveals %q", forgotten.Reveal())
	}
	if both.Reveal() != "Gil" || both.Sealed() != "c2VhbGVk" {
		t.Error("a text known in clear keeps both")
	}
	var typed domain.Personal
	if err := json.Unmarshal([]byte(`"Gil"`), &typed); err != nil || typed != domain.PersonalText("Gil") {
		t.Errorf("what was typed reads as %q, %v", typed.Reveal(), err)
	}
	if !(domain.Personal{}).IsZero() {
		t.Error("nothing said is something")
	}
}

func TestStreamNames(t *testing.T) {
	if got := (domain.Stream{Category: "mpn", ID: "1062006"}).String(); got != "mpn-1062006" {
		t.Errorf("got %s", got)
	}
}

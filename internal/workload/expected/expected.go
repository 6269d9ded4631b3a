// Package expected supports tests: it compares an answer with an expected result of the workload, by the
// rules of the workload's own compare.py, so that no two tests mean different things by "equal".
package expected

import (
	"fmt"
	"strings"
)

// Differences are the places where an answer isn't what was expected, a sentence each; both are plain
// decoded JSON. Fields that only the answer has don't matter, and neither does the order of lists, but
// for a few.
func Differences(want, got any) []string { return differences("result", "", want, got) }

// Unread is the expected result as the ledger gives it to whoever doesn't say who reads: with its addresses blanked.
func Unread(want map[string]any) map[string]any {
	requests, _ := want["openRequests"].([]any)
	for _, r := range requests {
		if request, ok := r.(map[string]any); ok {
			request["resellerEmail"] = "[personal]"
		}
	}
	return want
}

// rowKeys identify a row of a list, those of them that the expected rows have.
var rowKeys = []string{"providerTenantId", "resellerTenantId", "requestId", "customerTenantId", "subscriptionId", "granteeTenantId",
	"kind", "month", "mpnId"}

// ordered are the lists whose order matters.
var ordered = map[string]bool{"refused": true, "intervals": true, "roles": true}

func differences(path, name string, want, got any) []string {
	switch want := want.(type) {
	case map[string]any:
		if got, ok := got.(map[string]any); ok {
			return objectDifferences(path, want, got)
		}
	case []any:
		if got, ok := got.([]any); ok && ordered[name] {
			return orderedDifferences(path, want, got)
		} else if ok {
			return rowDifferences(path, want, got)
		}
	default:
		if want == got {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s: %v, expected %v", path, short(got), short(want))}
}

func objectDifferences(path string, want, got map[string]any) (found []string) {
	for key, value := range want {
		if other, ok := got[key]; ok {
			found = append(found, differences(path+"."+key, key, value, other)...)
		} else {
			found = append(found, fmt.Sprintf("%s.%s: missing, expected %v", path, key, short(value)))
		}
	}
	return found
}

func orderedDifferences(path string, want, got []any) (found []string) {
	if len(want) != len(got) {
		found = append(found, fmt.Sprintf("%s: %d entries, expected %d", path, len(got), len(want)))
	}
	for i := range min(len(want), len(got)) {
		found = append(found, differences(fmt.Sprintf("%s[%d]", path, i), "", want[i], got[i])...)
	}
	return found
}

func rowDifferences(path string, want, got []any) (found []string) {
	identify := identity(want)
	have := map[string][]any{}
	for _, row := range got {
		have[identify(row)] = append(have[identify(row)], row)
	}
	for _, row := range want {
		key := identify(row)
		if len(have[key]) == 0 {
			found = append(found, fmt.Sprintf("%s[%s]: missing, expected %v", path, key, short(row)))
			continue
		}
		found = append(found, differences(path+"["+key+"]", "", row, have[key][0])...)
		have[key] = have[key][1:]
	}
	for key, rows := range have {
		for _, row := range rows {
			found = append(found, fmt.Sprintf("%s[%s]: not expected: %v", path, key, short(row)))
		}
	}
	return found
}

func identity(want []any) func(any) string {
	var keys []string
	if len(want) > 0 {
		if first, ok := want[0].(map[string]any); ok {
			for _, key := range rowKeys {
				if _, has := first[key]; has {
					keys = append(keys, key)
				}
			}
		}
	}
	return func(row any) string {
		object, ok := row.(map[string]any)
		if !ok || len(keys) == 0 {
			return fmt.Sprint(row)
		}
		parts := make([]string, len(keys))
		for i, key := range keys {
			parts[i] = fmt.Sprint(object[key])
		}
		return strings.Join(parts, ",")
	}
}

func short(value any) string {
	text := fmt.Sprint(value)
	return text[:min(len(text), 200)]
}

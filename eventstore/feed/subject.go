package feed

import (
	"strconv"
	"strings"

	"github.com/partnerledger/partnerledger/domain"
)

// Subjects matches the subject of every message of the feed.
const Subjects = subjectRoot + ">"

const (
	subjectRoot = "ledger.v1."
	// reference stands in place of the provider for facts that are nobody's business in particular.
	reference = "reference"
	maxToken  = 64
)

// Partitions is the number of partitions. It is frozen: subscribers share out work by it.
const Partitions = 16

// Partition is FNV-1a (32 bits) of the stream's name, modulo Partitions, so that all events of a stream
// are in one partition. It is frozen.
func Partition(stream string) int {
	hash := uint32(2166136261)
	for _, b := range []byte(stream) {
		hash = (hash ^ uint32(b)) * 16777619
	}
	return int(hash % Partitions)
}

// Subject is ledger.v1.<provider or "reference">.<partition>.<category>.<type>. It only serves to filter:
// what an event is, its headers say. It names no entity, because each new subject costs the server memory.
func Subject(provider domain.TenantID, stream, eventType string) string {
	category, _, _ := strings.Cut(stream, "-")
	owner := reference
	if provider != "" {
		owner = token(string(provider))
	}
	return subjectRoot + owner + "." + strconv.Itoa(Partition(stream)) + "." + token(category) + "." + token(eventType)
}

// token makes one token of a subject: bytes with a meaning in subjects, or none in ASCII, become "_".
func token(text string) string {
	if text == "" {
		return "_"
	}
	text = text[:min(len(text), maxToken)]
	if strings.IndexFunc(text, unfit) < 0 {
		return text
	}
	return strings.Map(func(r rune) rune {
		if unfit(r) {
			return '_'
		}
		return r
	}, text)
}

func unfit(r rune) bool {
	return r <= ' ' || r > '~' || r == '.' || r == '*' || r == '>'
}

package httpapi

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
)

// commandSchema describes a command: what stands around the data, and the data of each command type,
// made from the Go types of the vocabulary.
func commandSchema(registry huma.Registry) *huma.Schema {
	actor := registry.Schema(reflect.TypeFor[domain.Actor](), true, "Actor")
	var variants []*huma.Schema
	for _, c := range vocabulary.Commands() {
		data := registry.Schema(reflect.TypeOf(c), true, c.CommandType())
		variants = append(variants, &huma.Schema{
			Type:     huma.TypeObject,
			Required: []string{"commandId", "type", "actor", "data"},
			Properties: map[string]*huma.Schema{
				"commandId": {Type: huma.TypeString, Format: "uuid", Description: "Idempotency key: one for each intention"},
				"type":      {Type: huma.TypeString, Enum: []any{c.CommandType()}},
				"at":        {Type: huma.TypeString, Format: "date-time", Description: "When the command is issued; absent: now. A time in the past needs a daemon that allows history"},
				"actor":     actor,
				"data":      data,
				"expect":    {Type: huma.TypeObject, Description: "For checkers, no part of the command", AdditionalProperties: true},
			},
			AdditionalProperties: false,
		})
	}
	return &huma.Schema{OneOf: variants}
}

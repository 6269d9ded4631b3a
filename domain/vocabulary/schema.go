package vocabulary

import _ "embed" // the schema is a part of the program

// Schema is the JSON Schema (2020-12) of one command as it comes in: it says what can be read. What may
// be done, the rules say. MUST NOT be changed.
//
//go:embed commands.schema.json
var Schema []byte

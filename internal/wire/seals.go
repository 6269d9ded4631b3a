package wire

// Sealing asks that what read models hold is put on record.
type Sealing struct {
	UserPrincipalName string `json:"userPrincipalName,omitzero" doc:"Who asks for this; it stays on record" maxLength:"254"`
}

// Seal is what a read model held as of the ledger's first so many events, and where that is on record.
type Seal struct {
	Projection string `json:"projection"`
	Version    int    `json:"version"`
	Events     int64  `json:"events" doc:"How many of the ledger's events it was made of; the last has the number before this one"`
	Rows       int64  `json:"rows"`
	Digest     string `json:"digest" doc:"SHA-256, in hexadecimal"`
	Position   string `json:"position" doc:"Consistency token of the seal itself: a query with atLeast=<position> sees it"`
}

// Seals are what was sealed, all of it in one snapshot.
type Seals struct {
	Items []Seal `json:"items"`
}

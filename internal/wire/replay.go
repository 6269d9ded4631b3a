package wire

// ReplayLine is one line of a replay's answer, of which exactly one field is there. State, Report or Problem end it:
// an answer without one of them broke off. D is how the state's document is held.
type ReplayLine[D any] struct {
	Progress *ReplayProgress `json:"progress,omitzero" doc:"How far it is, a few times a second"`
	Event    *ReplayEvent    `json:"event,omitzero" doc:"An event of the entity that is followed, with the state after it"`
	State    *D              `json:"state,omitzero" doc:"The end: the state at the point, like that of /v1/state"`
	Report   *ReplayReport   `json:"report,omitzero" doc:"The end of a check: what it found"`
	Problem  *Problem        `json:"problem,omitzero" doc:"The end: why there is no result"`
}

// ReplayProgress is how far a replay is. Positions are the log's own.
type ReplayProgress struct {
	Events          int     `json:"events" doc:"Replayed so far"`
	Position        int64   `json:"position" doc:"Of the last of them"`
	Head            int64   `json:"head" doc:"Of the last event that there was at the beginning"`
	Differing       int     `json:"differing,omitzero" doc:"Of a check: how many differ so far"`
	Seconds         float64 `json:"seconds" doc:"Since the beginning"`
	EventsPerSecond float64 `json:"eventsPerSecond"`
	SecondsLeft     float64 `json:"secondsLeft" doc:"At this rate"`
}

// ReplayEvent is an event of whom is followed.
type ReplayEvent struct {
	Seq       uint64         `json:"seq"`
	Position  string         `json:"position"`
	At        string         `json:"at"`
	Type      string         `json:"type"`
	Stream    string         `json:"stream"`
	Revision  int64          `json:"revision"`
	By        string         `json:"by"`
	CommandID string         `json:"commandId"`
	State     map[string]any `json:"state" doc:"After the event: of its stream, or of the part of it that is called like the entity; personal texts are blanked"`
}

// ReplayReport is what a check found.
type ReplayReport struct {
	Summary     string             `json:"summary" doc:"For a person: the first line says it, each other one is a note or a difference"`
	Events      int                `json:"events" doc:"Read"`
	Position    string             `json:"position" doc:"Of the last of them"`
	Decisions   int                `json:"decisions" doc:"Made again"`
	Compared    int                `json:"compared" doc:"Events compared byte for byte"`
	Differing   int                `json:"differing" doc:"Decisions and events that aren't as they should be"`
	Differences []ReplayDifference `json:"differences" doc:"The first of them, in log order"`
	ErasedTexts int                `json:"erasedTexts" doc:"Texts that can't be compared, because whom they are about was forgotten"`
	Seconds     float64            `json:"seconds"`
}

// ReplayDifference is one decision or event that isn't as it should be. It never quotes what an event holds.
type ReplayDifference struct {
	Position  string `json:"position"`
	Stream    string `json:"stream"`
	Revision  int64  `json:"revision"`
	Type      string `json:"type"`
	EventID   string `json:"eventId"`
	CommandID string `json:"commandId"`
	What      string `json:"what"`
}

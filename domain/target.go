package domain

// Redirected is a command whose target depends on facts: it doesn't name the owner of what it names.
type Redirected interface {
	Command
	// Resolve gives the stream whose aggregate decides, by looking at facts like a decision does. Where
	// the facts name none it gives Target, of another category, and the aggregate decides on its empty state.
	Resolve(f *Facts) Stream
}

// TargetOf gives the stream whose aggregate decides the command and to which its events are appended.
func TargetOf(f *Facts, c Command) Stream {
	if r, ok := c.(Redirected); ok {
		return r.Resolve(f)
	}
	return c.Target()
}

// Deciding hides the state type of an aggregate: what it gives looks up the state of the target among
// the facts, which makes it a part of the decision's basis, and decides on it.
func Deciding[S any](fold Fold[S], decide func(S, *Facts, Intent) (Decision, error)) func(*Facts, Intent) (Decision, error) {
	return func(f *Facts, in Intent) (Decision, error) {
		var state S
		if target := TargetOf(f, in.Command); target.Category == fold.Category {
			state = Look[S](f, target)
		}
		return decide(state, f, in)
	}
}

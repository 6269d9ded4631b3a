package submission

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Ensure the bar shows what was answered, not what was read ahead of it, and ends exactly at the end.
func TestBarFollowsTheAnswers(t *testing.T) {
	b := &bar{read: func() int64 { return 1000 }} // a small file is read at once
	require.EqualValues(t, 250, b.at(50, 200))
	require.EqualValues(t, 1000, b.at(200, 200))
	b.read = func() int64 { return 300 } // of a long one there is more to come
	require.EqualValues(t, 150, b.at(100, 200))
	b.read = nil // lines are counted
	require.EqualValues(t, 7, b.at(7, 200))
}

// Ensure nothing is drawn where nobody watches: notes come through, and the bar leaves no trace.
func TestBarIsSilentWithoutATerminal(t *testing.T) {
	var out strings.Builder
	b := newBar(Options{Progress: &out, Bytes: 100, Read: func() int64 { return 50 }})
	b.tick(&Summary{Lines: 64}, 64)
	b.say("a note")
	b.done()
	require.Equal(t, "a note\n", out.String())
	newBar(Options{}).say("nobody listens")
}

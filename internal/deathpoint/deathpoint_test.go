package deathpoint

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// asVictim makes the test's own binary a process that passes points.
const asVictim = "LEDGER_TEST_VICTIM"

func TestMain(m *testing.M) {
	if os.Getenv(asVictim) == "" {
		os.Exit(m.Run())
	}
	for range 3 {
		Pass("here")
		Pass("there")
		os.Stdout.WriteString("went on\n")
	}
}

// Ensure a process dies at the point named and at that pass, and that without an appointment nothing happens.
func TestPass_DiesAtTheAppointedPass(t *testing.T) {
	for appointment, want := range map[string]struct {
		out    string
		killed bool
	}{
		"":          {"went on\nwent on\nwent on\n", false},
		"nowhere":   {"went on\nwent on\nwent on\n", false},
		"here":      {"", true},
		"there:2":   {"went on\n", true},
		"here:3":    {"went on\nwent on\n", true},
		"there:100": {"went on\nwent on\nwent on\n", false},
	} {
		victim := exec.Command(os.Args[0])
		victim.Env = append(os.Environ(), asVictim+"=1", Variable+"="+appointment)
		out, err := victim.Output()
		require.Equal(t, want.out, string(out), appointment)
		if want.killed {
			require.ErrorContains(t, err, "killed", appointment)
		} else {
			require.NoError(t, err, appointment)
		}
	}
}

// Ensure a count that makes no sense is part of the name, so that nobody dies by mistake.
func TestParse_OddCounts(t *testing.T) {
	require.Equal(t, "here:x", parse("here:x").point)
	require.Equal(t, "here:0", parse("here:0").point)
	require.Nil(t, parse(""))
}

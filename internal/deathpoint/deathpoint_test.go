package deathpoint

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

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

// Ensure a process stops at the point named until it is told to go on, and dies only after that.
func TestPass_SleepsAndThenDies(t *testing.T) {
	victim := exec.Command(os.Args[0])
	victim.Env = append(os.Environ(), asVictim+"=1", Variable+"=here", SleepVariable+"=there:2")
	out, err := victim.StdoutPipe()
	require.NoError(t, err)
	says, err := victim.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, victim.Start())
	line, err := bufio.NewReader(says).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, Sleeping+" there\n", line)
	asleep := func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", victim.Process.Pid))
		return err == nil && bytes.Contains(stat, []byte(") T "))
	}
	require.Eventually(t, asleep, 10*time.Second, time.Millisecond)
	require.NoError(t, victim.Process.Signal(syscall.SIGCONT))
	said, err := io.ReadAll(out)
	require.NoError(t, err)
	require.Equal(t, "went on\nwent on\n", string(said))
	require.ErrorContains(t, victim.Wait(), "killed")
}

// Ensure a count that makes no sense is part of the name, so that nobody dies by mistake.
func TestParse_OddCounts(t *testing.T) {
	require.Equal(t, "here:x", parse("here:x").point)
	require.Equal(t, "here:0", parse("here:0").point)
	require.Nil(t, parse(""))
}

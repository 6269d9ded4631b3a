package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Ensure a daemon is part of a trial only if its environment says so, and that a setting that isn't understood is a fault:
// a trial that tries nothing would pass for one that passed.
func TestTrial_IsReadFromTheEnvironmentAlone(t *testing.T) {
	read := func(variables map[string]string) (config, error) {
		return parse([]string{"--data", "data"}, func(name string) string { return variables[name] })
	}
	c, err := read(nil)
	require.NoError(t, err)
	require.Equal(t, trial{}, c.Trial)
	require.WithinDuration(t, time.Now(), c.Trial.now(), time.Minute)

	c, err = read(map[string]string{trialClock: "-24h", trialWindow: "100ms", trialWithout: "fence,chain"})
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(-24*time.Hour), c.Trial.now(), time.Minute)
	require.Equal(t, 100*time.Millisecond, c.Trial.duplicateWindow)
	require.True(t, c.Trial.lacks(guardFence) && c.Trial.lacks(guardChain))
	require.False(t, c.Trial.lacks(guardCheckpoint))

	for name, value := range map[string]string{trialClock: "tomorrow", trialWindow: "1", trialWithout: "fence,doors"} {
		_, err := read(map[string]string{name: value})
		require.ErrorContains(t, err, name)
	}
}

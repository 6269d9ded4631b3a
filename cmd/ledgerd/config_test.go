package main

import (
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// none is an empty environment.
func none(string) string { return "" }

// Ensure every setting can be said as an environment variable, and that a flag wins over it.
func TestEnvironment(t *testing.T) {
	values := map[string]string{"data": "elsewhere", "http": "localhost:17", "eventstore": "esdb://here", "nats": "nats://here", "database": "postgres://here", "analysts": "reader", "keys": "postgres://keys", "master-key": "elsewhere.key", "witness": "one",
		"run": "relay,projector", "partitions": "3-5", "ops": "127.0.0.1:18", "allow-history": "true", "sole-writer": "true", "strict-roles": "true", "demo": "false", "exit": "false", "demo-size": "tiny",
		"eventstore-listen": "127.0.0.1:17", "log-level": "error", "log-json": "true", "seal-every": "17h"}
	fromEnvironment, err := parse(nil, func(name string) string {
		for flag, value := range values {
			if envName(flag) == name {
				return value
			}
		}
		return ""
	})
	require.NoError(t, err)
	var args []string
	var c config
	c.flags().VisitAll(func(f *pflag.Flag) {
		require.Contains(t, values, f.Name, "a setting that this test does not know")
		args = append(args, "--"+f.Name+"="+values[f.Name])
	})
	fromFlags, err := parse(args, none)
	require.NoError(t, err)
	assert.Equal(t, fromFlags, fromEnvironment)

	both, err := parse([]string{"--http", "127.0.0.1:18", "--run", "api,relay,projector,notary"}, func(name string) string {
		return map[string]string{"LEDGERD_HTTP": "0.0.0.0:17", "LEDGERD_RUN": "clerk"}[name]
	})
	require.NoError(t, err, "what a flag overrides is not looked at")
	assert.Equal(t, "127.0.0.1:18", both.HTTP)
	assert.Equal(t, allRoles, both.Run)
}

func TestLoopbackOnly(t *testing.T) {
	for _, address := range []string{"127.0.0.1:8080", "127.9.9.9:0", "[::1]:8080", "localhost:80"} {
		assert.NoError(t, loopbackOnly(address), address)
	}
	for _, address := range []string{"", ":8080", "0.0.0.0:80", "[::]:80", "10.0.0.1:80", "ledger.example:80", "127.0.0.1", "localhost.example:80", "[::ffff:10.0.0.1]:80"} {
		assert.Error(t, loopbackOnly(address), address)
	}
}

func TestDemoImportsHistory(t *testing.T) {
	c, err := parse([]string{"--demo"}, none)
	require.NoError(t, err)
	assert.True(t, c.AllowHistory)
	assert.Equal(t, "sqlite:data/readmodels.db", c.databaseURL())
}

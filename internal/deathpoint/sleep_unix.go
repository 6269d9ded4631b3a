//go:build unix

package deathpoint

import (
	"os"
	"os/signal"
	"syscall"
)

// sleep returns once the process was stopped and told to go on.
func sleep() {
	woken := make(chan os.Signal, 1)
	signal.Notify(woken, syscall.SIGCONT)
	defer signal.Stop(woken)
	if syscall.Kill(os.Getpid(), syscall.SIGSTOP) == nil {
		<-woken
	}
}

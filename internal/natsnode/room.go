package natsnode

import (
	"errors"
	"os"
	"path/filepath"
	"time"
)

// lookForRoom is how often a disk that was full is looked at, and enough is how many bytes make it worth another start.
const (
	lookForRoom = 500 * time.Millisecond
	enough      = 8 << 20
)

// tend replaces a server that takes no more messages since its disk was full. JetStream stays as it is then, room or no
// room: it disables itself, or its stream refuses every write, and neither can be undone in a running server. So another
// one is started on the same directory once there is room; it recovers what had been written whole, and the relay
// publishes the rest again.
func (n *Node) tend() {
	defer close(n.ended)
	for {
		select {
		case <-n.ending:
			return
		case <-time.After(lookForRoom):
		}
		if n.log.stuck.Load() && n.hasRoom() {
			n.replace()
		}
	}
}

// replace ends the server and starts another. Where that fails it is tried again at the next look.
func (n *Node) replace() {
	n.log.to.Warn("there is room on the disk again; NATS is started again, for it refuses messages until then")
	old := n.present()
	old.Shutdown()
	old.WaitForShutdown()
	n.log.stuck.Store(false)
	s, err := begin(n.config, n.log)
	if err != nil {
		n.log.to.Error("NATS could not be started again", "error", err)
		n.log.stuck.Store(true)
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.server = s
}

// hasRoom tries whether so much can be written; how much a file system says that it has free is not always true.
func (n *Node) hasRoom() bool {
	name := filepath.Join(n.config.StoreDir, "room")
	f, err := os.Create(name)
	if err != nil {
		return false
	}
	_, err = f.Write(make([]byte, enough))
	return errors.Join(err, f.Sync(), f.Close(), os.Remove(name)) == nil
}

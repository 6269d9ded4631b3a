//go:build linux

package campaign

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/partnerledger/partnerledger/eventstore/esdbnode"
	"github.com/partnerledger/partnerledger/internal/natsnode"
)

// asPart makes the test's own binary a part of the world that the ledger itself doesn't bring as a program.
const asPart = "LEDGER_CAMPAIGN_PART"

func TestMain(m *testing.M) {
	part := map[string]func(context.Context) error{"nats": serveNATS, "eventstore": serveEventStore}[os.Getenv(asPart)]
	if part == nil {
		os.Exit(m.Run())
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := part(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "campaign:", err)
		os.Exit(1)
	}
}

// serveNATS is a NATS server; its directory is the first argument.
func serveNATS(ctx context.Context) error {
	node, err := natsnode.Start(natsnode.Options{Dir: os.Args[1]})
	if err != nil {
		return err
	}
	fmt.Println("nats answers at", node.ClientURL())
	<-ctx.Done()
	node.Close()
	return nil
}

// clockOffset is how wrong the clock of the event store is: a duration.
const clockOffset = "LEDGER_CAMPAIGN_CLOCK_OFFSET"

// segmentSize is small, so that a disk fills within a few hundred events.
const segmentSize = 64 << 10

// serveEventStore is an event store; its directory is the first argument. It makes the faults that it is told to make on
// its standard input, and says after each order how many calls they have hit so far.
func serveEventStore(ctx context.Context) error {
	offset, err := time.ParseDuration(os.Getenv(clockOffset))
	if err != nil && os.Getenv(clockOffset) != "" {
		return err
	}
	node, err := esdbnode.Start(ctx, esdbnode.Options{Dir: os.Args[1], SegmentSize: segmentSize, Logger: slog.Default(),
		Now: func() time.Time { return time.Now().Add(offset) }})
	if err != nil {
		return err
	}
	fmt.Println("eventstore answers at", node.ConnectionString())
	go obey(node, os.Stdin)
	select {
	case <-ctx.Done():
	case <-node.Done():
		return errors.Join(errors.New("the event store gave up"), node.Close())
	}
	return node.Close()
}

// obey makes the faults that it reads about, a line each.
func obey(node *esdbnode.Node, orders io.Reader) {
	in := bufio.NewScanner(orders)
	for in.Scan() {
		words := strings.Fields(in.Text() + " 0 0")
		first, _ := strconv.Atoi(words[1])
		second, _ := strconv.Atoi(words[2])
		switch words[0] {
		case "not-leader":
			node.Faults().RefuseNotLeader(first, "127.0.0.1", second)
		case "unavailable":
			node.Faults().RefuseUnavailable(first)
		case "lose-answers":
			node.Faults().LoseAppendAnswers(first)
		case "cut-reads":
			node.Faults().CutReads(first, second)
		case "delay":
			node.Faults().Delay(time.Duration(first) * time.Millisecond)
		case "drop":
			node.DropConnections()
		case "clear":
			node.Faults().Clear()
		}
		fmt.Println("happened", node.Faults().Happened())
	}
}

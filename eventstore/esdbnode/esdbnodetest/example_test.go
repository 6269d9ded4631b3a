package esdbnodetest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/eventstore/esdbnode"
)

// An append whose answer gets lost has happened all the same. Whoever repeats it with the same event ids finds out, and
// writes nothing twice. In a test, esdbnodetest.Start(t) stands for the first lines.
func Example_faults() {
	ctx := context.Background()
	node, err := esdbnode.Start(ctx, esdbnode.Options{Memory: true})
	if err != nil {
		panic(err)
	}
	defer node.Close()
	client := open(node)
	defer client.Close()

	order := esdb.EventData{EventID: uuid.New(), EventType: "OrderPlaced", ContentType: esdb.ContentTypeJson, Data: []byte(`{}`)}
	place := func() error {
		done, err := client.AppendToStream(ctx, "order-1", esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}, order)
		if err == nil {
			fmt.Println("order-1 is at revision", done.NextExpectedVersion)
		}
		return err
	}

	node.Faults().LoseAppendAnswers(1)
	var failed *esdb.Error
	if err := place(); errors.As(err, &failed) && failed.Code() == esdb.ErrorCodeDeadlineExceeded {
		fmt.Println("no answer; once more")
	}
	if err := place(); err != nil {
		panic(err)
	}

	node.Faults().RefuseUnavailable(1)
	if err := place(); errors.As(err, &failed) && failed.Code() == esdb.ErrorUnavailable {
		fmt.Println("the server is away")
	}
	// Output:
	// no answer; once more
	// order-1 is at revision 0
	// the server is away
}

// open makes a client that does not log.
func open(node *esdbnode.Node) *esdb.Client {
	settings, err := esdb.ParseConnectionString(node.ConnectionString())
	if err != nil {
		panic(err)
	}
	settings.Logger = esdb.NoopLogging()
	client, err := esdb.NewClient(settings)
	if err != nil {
		panic(err)
	}
	return client
}

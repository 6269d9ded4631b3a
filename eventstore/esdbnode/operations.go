package esdbnode

import (
	"context"
	"runtime"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"
)

// The services for running a server; like that of the users they are described by hand.
const (
	operationsServiceName = "event_store.client.operations.Operations"
	monitoringServiceName = "event_store.client.monitoring.Monitoring"

	fieldScavengeID     = 1
	fieldScavengeResult = 2
	fieldRefresh        = 4
	fieldStats          = 1
)

// operation does what one method is for, when its caller may.
type operation func(n *Node, ctx context.Context, options []byte) ([]byte, error)

func (n *Node) registerOperations() {
	n.server.RegisterService(&grpc.ServiceDesc{
		ServiceName: operationsServiceName,
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{
			operationDesc("Shutdown", (*Node).shutdown),
			operationDesc("StartScavenge", (*Node).startScavenge),
			operationDesc("StopScavenge", (*Node).stopScavenge),
			// The index is in memory and always merged; a node that is alone leads, whatever its priority.
			operationDesc("MergeIndexes", (*Node).nothing),
			operationDesc("SetNodePriority", (*Node).nothing),
			operationDesc("ResignNode", (*Node).resign),
			operationDesc("RestartPersistentSubscriptions", (*Node).restartGroups),
		},
	}, n)
	n.server.RegisterService(&grpc.ServiceDesc{
		ServiceName: monitoringServiceName,
		HandlerType: (*any)(nil),
		Streams: []grpc.StreamDesc{{StreamName: "Stats", ServerStreams: true, Handler: func(service any, call grpc.ServerStream) error {
			// There is no end but by an error: that of the client, or of the node.
			return fail(call, service.(*Node).sendStats(call))
		}}},
	}, n)
}

func operationDesc(name string, do operation) grpc.MethodDesc {
	return rawMethod(operationsServiceName, name, func(ctx context.Context, service any, message []byte) ([]byte, error) {
		n := service.(*Node)
		if err := n.allowOperator(ctx); err != nil {
			return nil, err
		}
		return do(n, ctx, subfield(message, fieldOptions))
	})
}

// shutdownTime is how long calls may take to end after a client has asked the node to shut down.
const shutdownTime = time.Second

// shutdown closes the node as Close does, once this call and others that are about to end have been answered. Those that
// do not end by themselves are told at once.
func (n *Node) shutdown(context.Context, []byte) ([]byte, error) {
	n.logger.Info("a client asked the node to shut down")
	go func() {
		n.end()
		answered := make(chan struct{})
		go func() {
			defer close(answered)
			n.server.GracefulStop()
		}()
		select {
		case <-answered:
		case <-time.After(shutdownTime):
		}
		if err := n.Close(); err != nil {
			n.logger.Error("closing", "error", err)
		}
	}()
	return nil, nil
}

// nothing is what there is to do.
func (n *Node) nothing(context.Context, []byte) ([]byte, error) { return nil, nil }

func (n *Node) restartGroups(context.Context, []byte) ([]byte, error) {
	n.groups.restart()
	return nil, nil
}

func (n *Node) resign(context.Context, []byte) ([]byte, error) {
	return nil, &refusal{code: codes.FailedPrecondition, message: "There is no other node that could lead."}
}

// statsPause is the shortest time between two answers of Stats.
const statsPause = 100 * time.Millisecond

// sendStats sends the node's figures until the client has enough of them.
func (n *Node) sendStats(call grpc.ServerStream) error {
	var message rawFrame
	if err := call.RecvMsg(&message); err != nil {
		return err
	}
	if err := n.allowKnown(call.Context()); err != nil {
		return err
	}
	pause := statsPause
	eachField(message, func(field protowire.Number, _ []byte, number uint64) bool {
		if field == fieldRefresh {
			pause = max(pause, time.Duration(min(number, uint64(time.Hour/time.Millisecond)))*time.Millisecond)
		}
		return true
	})
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		if err := call.SendMsg(rawFrame(encodeStats(n.stats()))); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-call.Context().Done():
			return call.Context().Err()
		case <-n.closing.Done():
			return ErrClosed
		}
	}
}

// stats are a few figures; those that EventStoreDB has mean the same there and have the same names.
func (n *Node) stats() map[string]string {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return map[string]string{
		"proc-mem":             strconv.FormatUint(memory.Sys, 10),
		"proc-threadsCount":    strconv.Itoa(runtime.NumGoroutine()),
		"proc-startTime":       n.begun.UTC().Format(time.RFC3339),
		"proc-tcp-connections": strconv.Itoa(n.listener.count()),
		"es-checksum":          strconv.FormatUint(n.index.end(), 10),
		"es-events":            strconv.Itoa(n.index.viewAll().events.len()),
		"es-queue-writer":      strconv.Itoa(len(n.writer.queue)),
	}
}

func encodeStats(stats map[string]string) []byte {
	var b []byte
	for name, value := range stats {
		var entry []byte
		entry = appendText(entry, fieldMapKey, name)
		entry = appendText(entry, fieldMapValue, value)
		b = appendBytes(b, fieldStats, entry)
	}
	return b
}

// unserved answers calls of services and methods that the node does not have, in words for the person who meets them.
func unserved(_ any, call grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(call)
	message := "This node does not serve " + strings.TrimPrefix(method, "/") + "."
	if strings.HasPrefix(method, "/event_store.client.projections.") {
		message = "This node runs no user-defined projections; $ce- and $et- streams are there without any. " +
			"For projections in JavaScript use EventStoreDB itself."
	}
	return fail(call, &refusal{code: codes.Unimplemented, message: message})
}

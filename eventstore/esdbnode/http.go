package esdbnode

import (
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"time"
)

// The side of the node that speaks HTTP/1.1, on the same port. It answers what clients, health checks and people with a
// browser ask a server, and what old clients ask about persistent subscriptions, see persistent_http.go; the ledger itself
// is read and written through gRPC only.

// webLimits bound what a client can make the node hold.
const (
	webHeaderBytes = 64 << 10
	webTimeout     = 10 * time.Second
	webIdle        = 2 * time.Minute
)

func (n *Node) newWeb() *http.Server {
	return &http.Server{
		Handler:           n.webRoutes(),
		ReadHeaderTimeout: webTimeout,
		ReadTimeout:       webTimeout,
		WriteTimeout:      webTimeout,
		IdleTimeout:       webIdle,
		MaxHeaderBytes:    webHeaderBytes,
		// What the package says of broken requests is of no use to anybody.
		ErrorLog: quiet(),
	}
}

// access is who may ask for something.
type access int

const (
	forAnybody access = iota
	forKnown
)

func (n *Node) webRoutes() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "Not Found", http.StatusNotFound)
	})
	for path, answer := range map[string]struct {
		access access
		give   func(*http.Request) any
	}{
		"/info":   {forAnybody, n.webInfo},
		"/ping":   {forAnybody, webPing},
		"/gossip": {forAnybody, n.webGossip},
		"/stats":  {forKnown, func(*http.Request) any { return n.stats() }},
	} {
		routes.Handle("GET "+path, n.identified(answer.access, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			// When the client is gone there is nobody to tell.
			_ = json.NewEncoder(w).Encode(answer.give(r))
		}))
	}
	routes.HandleFunc("GET /health/live", n.webHealth)
	routes.HandleFunc("GET /health/ready", n.webHealth)
	n.webGroups(routes)
	return routes
}

// identified refuses wrong credentials, and missing ones where somebody has to be known.
func (n *Node) identified(who access, next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.guard == nil {
			next(w, r)
			return
		}
		caller, err := n.guard.identifyRequest(r)
		if err != nil || who == forKnown && caller.anonymous() {
			// The prefix keeps browsers from asking for a password themselves.
			w.Header().Set("WWW-Authenticate", `X-Basic realm="ESDB"`)
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
			return
		}
		next(w, r)
	})
}

// identifyRequest says who makes a request, in the same order as for calls.
func (g *guard) identifyRequest(r *http.Request) (principal, error) {
	if given := r.Header.Get("Authorization"); given != "" {
		return g.signIn(given)
	}
	if r.TLS != nil {
		if login, ok := certified(*r.TLS); ok {
			return g.vouchedFor(login)
		}
	}
	return principal{}, nil
}

// webHealth says that the node lives: when it listens, it has recovered and can be used. The code can be chosen, for
// balancers that insist on another.
func (n *Node) webHealth(w http.ResponseWriter, r *http.Request) {
	code, err := strconv.Atoi(r.URL.Query().Get("liveCode"))
	if err != nil || code < 200 || code > 599 {
		code = http.StatusNoContent
	}
	if n.closing.Err() != nil {
		code = http.StatusServiceUnavailable
	}
	w.WriteHeader(code)
}

func (n *Node) webInfo(*http.Request) any {
	authentication := map[string]any{"type": "insecure", "properties": map[string]any{}}
	if n.guard != nil {
		authentication["type"] = "internal"
	}
	return map[string]any{
		"esVersion": serverVersion, "state": "leader",
		"features":       map[string]bool{"projections": false, "userManagement": n.guard != nil, "atomPub": false},
		"authentication": authentication,
	}
}

func webPing(*http.Request) any {
	return map[string]any{"msgTypeId": 0, "text": "Ping request successfully handled"}
}

func (n *Node) webGossip(r *http.Request) any {
	host, port := n.reachable(localAddr(r))
	return map[string]any{
		"members": []any{map[string]any{
			"instanceId": n.id.String(), "timeStamp": n.now().UTC().Format(time.RFC3339Nano),
			"state": "Leader", "isAlive": true,
			"httpEndPointIp": host, "httpEndPointPort": port,
			"lastCommitPosition": n.index.end(), "writerCheckpoint": n.index.end(), "chaserCheckpoint": n.index.end(),
		}},
		"serverIp": host, "serverPort": port,
	}
}

// localAddr is the address by which a request came.
func localAddr(r *http.Request) net.Addr {
	address, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return address
}

// quiet is a log that keeps nothing.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

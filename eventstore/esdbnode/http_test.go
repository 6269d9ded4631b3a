package esdbnode

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/stretchr/testify/require"
)

// web asks the HTTP side of a node.
func web(t *testing.T, client *http.Client, method, url string, who *login) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(bounded(t), method, url, nil)
	require.NoError(t, err)
	if who != nil {
		request.SetBasicAuth(who.name, who.password)
	}
	response, err := client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(body)
}

func webClient(t *testing.T, config *tls.Config) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: config}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// Ensure that the port answers HTTP as clients and health checks expect, while it answers gRPC.
func TestHTTP_Answers(t *testing.T) {
	n := memoryNode(t)
	c, client := connect(t, n), webClient(t, nil)
	write(t, c, "s", esdb.Any{}, event("a"))
	url := "http://" + n.Addr().String()
	for path, want := range map[string]int{
		"/health/live": 204, "/health/ready": 204, "/health/live?liveCode=200": 200, "/health/live?liveCode=7": 204, "/info": 200,
		"/ping": 200, "/gossip": 200, "/stats": 200, "/": 404, "/streams/s": 404, "/web": 404, "/health": 404,
	} {
		response, body := web(t, client, "GET", url+path, nil)
		require.Equal(t, want, response.StatusCode, path)
		if want == 404 {
			require.Equal(t, "Not Found\n", body)
		}
	}
	response, _ := web(t, client, "POST", url+"/health/live", nil)
	require.Equal(t, 404, response.StatusCode)
	response, _ = web(t, client, "HEAD", url+"/health/live", nil)
	require.Equal(t, 204, response.StatusCode)
	write(t, c, "s", esdb.Any{}, event("b"))
}

// Ensure that the answers have the fields that clients read.
func TestHTTP_Fields(t *testing.T) {
	n := memoryNode(t)
	client, url := webClient(t, nil), "http://"+n.Addr().String()
	var info struct {
		ESVersion      string `json:"esVersion"`
		State          string
		Features       map[string]bool
		Authentication struct {
			Type       string
			Properties map[string]any
		}
	}
	response, body := web(t, client, "GET", url+"/info", nil)
	require.NoError(t, json.Unmarshal([]byte(body), &info))
	require.Contains(t, response.Header.Get("Content-Type"), "application/json")
	require.Equal(t, serverVersion, info.ESVersion)
	require.Equal(t, "leader", info.State)
	require.Equal(t, "insecure", info.Authentication.Type)
	var gossip struct {
		Members []struct {
			State            string
			IsAlive          bool
			HTTPEndPointIP   string `json:"httpEndPointIp"`
			HTTPEndPointPort int    `json:"httpEndPointPort"`
		}
	}
	_, body = web(t, client, "GET", url+"/gossip", nil)
	require.NoError(t, json.Unmarshal([]byte(body), &gossip))
	require.Len(t, gossip.Members, 1)
	require.Equal(t, "Leader", gossip.Members[0].State)
	require.True(t, gossip.Members[0].IsAlive)
	require.Equal(t, n.Addr().Port, gossip.Members[0].HTTPEndPointPort)
	require.Equal(t, n.Addr().IP.String(), gossip.Members[0].HTTPEndPointIP)
	_, body = web(t, client, "GET", url+"/ping", nil)
	require.Contains(t, body, `"text":"Ping request successfully handled"`)
}

// Ensure that over TLS the two protocols are told apart as well, that figures are for those who are known, and that a
// wrong password is never overlooked.
func TestHTTP_Secure(t *testing.T) {
	n, a := secureNode(t, Options{})
	admin := a.client(t, "admin")
	url := "https://" + n.Addr().String()
	client := webClient(t, &tls.Config{RootCAs: a.pool()})
	certified := webClient(t, &tls.Config{RootCAs: a.pool(), Certificates: []tls.Certificate{admin}})
	for _, tc := range []struct {
		client *http.Client
		path   string
		who    *login
		want   int
	}{
		{client, "/health/live", nil, 204}, {client, "/info", nil, 200}, {client, "/gossip", nil, 200}, {client, "/ping", nil, 200},
		{client, "/stats", nil, 401}, {client, "/stats", &login{"ops", "changeit"}, 200}, {client, "/stats", &login{"ops", "x"}, 401},
		{client, "/info", &login{"ops", "x"}, 401}, {certified, "/stats", nil, 200},
	} {
		response, body := web(t, tc.client, "GET", url+tc.path, tc.who)
		require.Equal(t, tc.want, response.StatusCode, tc.path)
		require.Equal(t, tc.want == 401, response.Header.Get("WWW-Authenticate") != "")
		if tc.path == "/info" && tc.want == 200 {
			require.Contains(t, body, `"type":"internal"`)
		}
	}
	write(t, as(t, n, a, "admin", "changeit"), "s", esdb.Any{}, event("a"))
}

// Ensure that a client that names a node of many addresses is told the one it came to, or the one that is advertised.
func TestGossip_Reachable(t *testing.T) {
	a := newAuthority(t)
	a.server(t)
	security, err := LoadTLS(a.path("node.crt"), a.path("node.key"), "")
	require.NoError(t, err)
	opts := Options{Memory: true, Listen: "0.0.0.0:0", TLS: security, AdminPassword: "x", OpsPassword: "y"}
	client := webClient(t, &tls.Config{RootCAs: a.pool()})
	ask := func(opts Options) string {
		n := startNode(t, opts)
		url := "https://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(n.Addr().Port))
		_, body := web(t, client, "GET", url+"/gossip", nil)
		return body
	}
	require.Contains(t, ask(opts), `"httpEndPointIp":"127.0.0.1"`)
	opts.Advertise = "node.example"
	require.Contains(t, ask(opts), `"httpEndPointIp":"node.example"`)
}

// Ensure that connections that say nothing, half of something or nonsense neither stay for ever nor keep the node from
// closing or from serving others.
func TestHTTP_SilentConnections(t *testing.T) {
	n, err := Start(t.Context(), Options{Memory: true})
	require.NoError(t, err)
	var conns []net.Conn
	for _, text := range []string{"", "PR", "PRI * HTTP/1.1\r\n\r\n", "GET /", "\x16\x03\x01"} {
		conn, err := net.Dial("tcp", n.Addr().String())
		require.NoError(t, err)
		_, err = conn.Write([]byte(text))
		require.NoError(t, err)
		conns = append(conns, conn)
	}
	write(t, connect(t, n), "s", esdb.Any{}, event("a"))
	closed := make(chan error, 1)
	go func() { closed <- n.Close() }()
	select {
	case err := <-closed:
		require.NoError(t, err)
	case <-bounded(t).Done():
		t.Fatal("a silent connection keeps the node from closing")
	}
	for _, conn := range conns {
		require.NoError(t, conn.SetDeadline(time.Now().Add(testTimeout)))
		_, err := io.Copy(io.Discard, conn)
		var timeout net.Error
		require.False(t, err != nil && errors.As(err, &timeout) && timeout.Timeout())
		conn.Close()
	}
}

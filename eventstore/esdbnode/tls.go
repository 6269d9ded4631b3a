package esdbnode

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"

	"google.golang.org/grpc/credentials"
)

// Password is a string that is not shown when it is printed, logged or marshalled.
type Password string

// String hides the password.
func (Password) String() string { return "[password]" }

// GoString hides the password.
func (Password) GoString() string { return "[password]" }

// LogValue hides the password.
func (Password) LogValue() slog.Value { return slog.StringValue("[password]") }

// MarshalText hides the password.
func (Password) MarshalText() ([]byte, error) { return []byte("[password]"), nil }

// TLS makes a node secure: it speaks TLS and wants to know who is calling, see Options.TLS.
type TLS struct {
	// Certificate is what the node shows its clients, with its private key.
	Certificate tls.Certificate
	// ClientCAs are the authorities whose certificates stand for a password: the common name is the user's login. The
	// user MUST exist and not be disabled all the same. Without authorities no certificate is asked for.
	ClientCAs *x509.CertPool
}

// LoadTLS reads a certificate and its key, and the authorities of client certificates when clientCA is not empty, from
// PEM files.
func LoadTLS(certificate, key, clientCA string) (*TLS, error) {
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("esdbnode: certificate and key: %w", err)
	}
	t := &TLS{Certificate: pair}
	if clientCA == "" {
		return t, nil
	}
	pem, err := os.ReadFile(clientCA)
	if err != nil {
		return nil, fmt.Errorf("esdbnode: client authorities: %w", err)
	}
	t.ClientCAs = x509.NewCertPool()
	if !t.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("esdbnode: client authorities: %s holds no certificate", clientCA)
	}
	return t, nil
}

// protocolGRPC is the name under which HTTP/2, and so gRPC, is agreed on when the connection is made.
const protocolGRPC = "h2"

// config is what the handshake is made with.
func (t *TLS) config() *tls.Config {
	config := &tls.Config{
		Certificates: []tls.Certificate{t.Certificate},
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{protocolGRPC, "http/1.1"},
	}
	if t.ClientCAs != nil {
		config.ClientCAs = t.ClientCAs
		config.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return config
}

// certified is the user that a connection's certificate names.
func certified(state tls.ConnectionState) (login string, ok bool) {
	if len(state.VerifiedChains) == 0 {
		return "", false
	}
	return state.VerifiedChains[0][0].Subject.CommonName, true
}

// shaken are the credentials of connections whose handshake is over when gRPC gets them, because it took the handshake
// to know that they want gRPC.
type shaken struct{}

var errServerOnly = errors.New("esdbnode: these credentials are a server's")

// ServerHandshake tells gRPC what the handshake found out.
func (shaken) ServerHandshake(conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	secure, ok := conn.(*tls.Conn)
	if !ok {
		return conn, nil, nil
	}
	return conn, credentials.TLSInfo{
		State:          secure.ConnectionState(),
		CommonAuthInfo: credentials.CommonAuthInfo{SecurityLevel: credentials.PrivacyAndIntegrity},
	}, nil
}

// ClientHandshake is never called: a server has no clients to make.
func (shaken) ClientHandshake(context.Context, string, net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return nil, nil, errServerOnly
}

// Info names the protocol.
func (shaken) Info() credentials.ProtocolInfo {
	return credentials.ProtocolInfo{SecurityProtocol: "tls"}
}

// Clone returns the same: there is nothing to change.
func (s shaken) Clone() credentials.TransportCredentials { return s }

// OverrideServerName concerns clients only.
func (shaken) OverrideServerName(string) error { return errServerOnly }

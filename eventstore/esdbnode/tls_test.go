package esdbnode

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// authority signs certificates for one test.
type authority struct {
	dir    string
	key    *ecdsa.PrivateKey
	cert   *x509.Certificate
	serial int64
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.key, a.cert = a.sign(t, "ca", &x509.Certificate{
		Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	})
	return a
}

// sign makes a certificate and leaves it in the files name.crt and name.key.
func (a *authority) sign(t testing.TB, name string, template *x509.Certificate) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	a.serial++
	template.SerialNumber = big.NewInt(a.serial)
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	a.write(t, name+".crt", "CERTIFICATE", der)
	a.write(t, name+".key", "PRIVATE KEY", private)
	return key, cert
}

func (a *authority) write(t testing.TB, name, kind string, der []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(a.path(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}

func (a *authority) path(name string) string { return filepath.Join(a.dir, name) }

func (a *authority) server(t testing.TB) {
	t.Helper()
	a.sign(t, "node", &x509.Certificate{
		Subject: pkix.Name{CommonName: "node"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
}

// client makes a certificate for a user.
func (a *authority) client(t testing.TB, login string) tls.Certificate {
	t.Helper()
	a.sign(t, login, &x509.Certificate{
		Subject: pkix.Name{CommonName: login}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	pair, err := tls.LoadX509KeyPair(a.path(login+".crt"), a.path(login+".key"))
	require.NoError(t, err)
	return pair
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// secureNode runs a node with TLS and, so that tests are short, the password that everybody knows.
func secureNode(t testing.TB, opts Options) (*Node, *authority) {
	t.Helper()
	a := newAuthority(t)
	a.server(t)
	security, err := LoadTLS(a.path("node.crt"), a.path("node.key"), a.path("ca.crt"))
	require.NoError(t, err)
	opts.TLS = security
	if opts.Dir == "" {
		opts.Memory = true
	}
	return startNode(t, opts), a
}

// as makes an official client that signs in.
func as(t testing.TB, n *Node, a *authority, login, password string) *esdb.Client {
	t.Helper()
	config, err := esdb.ParseConnectionString(n.ConnectionString() + "&tlsCAFile=" + a.path("ca.crt"))
	require.NoError(t, err)
	config.Username, config.Password = login, password
	config.Logger = esdb.NoopLogging()
	config.MaxDiscoverAttempts = 1
	c, err := esdb.NewClient(config)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

// login are credentials for each call of a generated stub.
type login struct{ name, password string }

func (l login) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": basic(l.name, l.password)}, nil
}

func (login) RequireTransportSecurity() bool { return true }

// dialSecure connects a stub, with a certificate when one is given and with credentials when there are any.
func dialSecure(t testing.TB, n *Node, a *authority, certificate *tls.Certificate, who *login) *grpc.ClientConn {
	t.Helper()
	config := &tls.Config{RootCAs: a.pool()}
	if certificate != nil {
		config.Certificates = []tls.Certificate{*certificate}
	}
	options := []grpc.DialOption{grpc.WithTransportCredentials(credentials.NewTLS(config))}
	if who != nil {
		options = append(options, grpc.WithPerRPCCredentials(*who))
	}
	conn, err := grpc.NewClient(n.Addr().String(), options...)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

// Ensure that a client that does not speak TLS gets nothing from a secure node, and one that trusts another authority
// does not talk to it.
func TestTLS_IsRequired(t *testing.T) {
	n, _ := secureNode(t, Options{})
	conn, err := net.Dial("tcp", n.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Write([]byte("GET /info HTTP/1.1\r\nHost: x\r\n\r\n"))
	require.NoError(t, err)
	answer := make([]byte, 100)
	require.NoError(t, conn.SetDeadline(time.Now().Add(testTimeout)))
	got, _ := conn.Read(answer)
	require.NotContains(t, string(answer[:got]), "HTTP")

	stranger := newAuthority(t)
	_, err = tls.Dial("tcp", n.Addr().String(), &tls.Config{RootCAs: stranger.pool()})
	require.Error(t, err)
}

// Ensure that files that hold no certificate are refused with their name.
func TestLoadTLS_Refuses(t *testing.T) {
	a := newAuthority(t)
	a.server(t)
	_, err := LoadTLS(a.path("node.crt"), a.path("ca.key"), "")
	require.Error(t, err)
	_, err = LoadTLS(a.path("node.crt"), a.path("node.key"), a.path("missing"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = LoadTLS(a.path("node.crt"), a.path("node.key"), a.path("node.key"))
	require.ErrorContains(t, err, "node.key")
}

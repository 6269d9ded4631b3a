package clientsuites

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerledger/partnerledger/eventstore/esdbnode"
)

// authority signs certificates for one run.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// writeCertificates writes the certificates where the suite looks for them, and returns those of the node.
func writeCertificates(t *testing.T, dir string) *esdbnode.TLS {
	t.Helper()
	ca := newAuthority(t, filepath.Join(dir, "ca", "ca"))
	newAuthority(t, filepath.Join(dir, "untrusted-ca", "ca"))
	node := filepath.Join(dir, "node", "node")
	ca.sign(t, node, "eventstoredb-node", x509.ExtKeyUsageServerAuth)
	ca.sign(t, filepath.Join(dir, "user-admin", "user-admin"), "admin", x509.ExtKeyUsageClientAuth)
	// The certificate is in order; there is no such user.
	ca.sign(t, filepath.Join(dir, "user-invalid", "user-invalid"), "invalid", x509.ExtKeyUsageClientAuth)
	secure, err := esdbnode.LoadTLS(node+".crt", node+".key", filepath.Join(dir, "ca", "ca.crt"))
	require.NoError(t, err)
	return secure
}

func newAuthority(t *testing.T, name string) authority {
	t.Helper()
	template := template(t, "authority")
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign
	key := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	writePair(t, name, der, key)
	return authority{certificate, key}
}

func (a authority) sign(t *testing.T, name, subject string, usage x509.ExtKeyUsage) {
	t.Helper()
	template := template(t, subject)
	template.KeyUsage, template.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{usage}
	template.DNSNames, template.IPAddresses = []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1)}
	key := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	require.NoError(t, err)
	writePair(t, name, der, key)
}

func template(t *testing.T, subject string) *x509.Certificate {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	require.NoError(t, err)
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: subject},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

func writePair(t *testing.T, name string, certificate []byte, key *ecdsa.PrivateKey) {
	t.Helper()
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	writeFile(t, name+".crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}))
	writeFile(t, name+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
}

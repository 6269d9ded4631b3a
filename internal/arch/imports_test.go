package arch

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const (
	client = "github.com/EventStore/EventStore-Client-Go/v4"
	nats   = "github.com/nats-io"
)

// forbidden is one line: files in these folders MUST NOT import these packages, because of why.
type forbidden struct {
	in     string   // a folder with all below it; empty is the whole module
	imp    []string // packages with all below them; ~ stands for the module
	why    string
	except []string // folders in which it is allowed
	allow  []string // packages among imp that are allowed all the same
	tests  bool     // whether tests are bound too
}

// forbiddens are who may not import whom. Arrows point down: cmd, internal, projections and eventstore, domain.
var forbiddens = []forbidden{
	{in: "eventstore", imp: []string{"~/cmd", "~/internal", "~/projections"}, why: "the log knows nothing of who reads it or serves it"},
	{in: "projections", imp: []string{"~/cmd", "~/internal"}, allow: []string{"~/internal/deathpoint", "~/internal/sqlite"}, why: "read models answer whoever asks, and know nobody who does"},
	{in: "internal", imp: []string{"~/cmd"}, why: "commands are made of the rest, never the other way around"},
	{in: "projections", imp: []string{"~/eventstore/esdb", "~/eventstore/esdbnode", "~/eventstore/feed", nats, client}, tests: true,
		why: "a read model is made of events, wherever they come from"},
	{in: "eventstore/esdbnode", imp: []string{"~"}, allow: []string{"~/eventstore/esdbnode"}, tests: true,
		why: "it stands for a foreign server: what it shares with us is the protocol alone"},
	{imp: []string{client}, except: []string{"eventstore/esdb", "eventstore/esdbnode"}, tests: true,
		why: "one package supervises the official client; everybody else has a Store"},
	{in: "eventstore/esdbnode", imp: []string{client}, allow: []string{client + "/protos"},
		why: "the server speaks the protocol; only its tests are a client"},
	{imp: []string{nats}, except: []string{"eventstore/feed", "internal/natsnode", "cmd/ledgerd", "internal/campaign"}, tests: true,
		why: "both ends of the feed are one package, so that its contract has one owner"},
	{in: "cmd/ledger", imp: []string{"~/domain", "~/eventstore", "~/projections", "~/internal/httpapi", "~/internal/web", "~/internal/auth",
		"~/internal/seal", "~/internal/intake", "~/internal/natsnode"}, why: "the command line talks HTTP; what it can do, anybody can"},
	{in: "cmd/ledger", imp: []string{nats, client, "database/sql"}, why: "the command line talks HTTP; what it can do, anybody can"},
	{imp: []string{"~/internal/sqlite", "github.com/jackc/pgx"}, except: []string{"projections/sqldb", "internal/seal"},
		why: "two packages know which databases there are: that of the read models, and that of the keys, which must not be one"},
	{imp: []string{"modernc.org/sqlite", "github.com/mattn/go-sqlite3"}, except: []string{"internal/sqlite"}, tests: true,
		why: "two engines in one process would not see each other's locks on a file"},
	{imp: []string{"github.com/tink-crypto"}, except: []string{"internal/seal"}, why: "keys of personal data are handled in one place"},
	{imp: []string{"go.opentelemetry.io", "github.com/prometheus"}, except: []string{"internal/telemetry"},
		why: "one package tells of the ledger, so that what it tells has one owner; the rest has hooks"},
	{imp: []string{"github.com/stretchr/testify", "pgregory.net/rapid"}, except: []string{"eventstore/eventstoretest", "projections/sqldb/sqldbtest"},
		why: "what tests are made of isn't part of the program"},
}

// impure are the packages of the standard library with which a decision could see or change the world.
var impure = []string{"bufio", "context", "crypto/rand", "database", "expvar", "flag", "io/fs", "io/ioutil", "log", "math/rand", "net", "os", "plugin",
	"runtime", "sync", "syscall", "testing", "unsafe"}

func TestForbiddenImports(t *testing.T)   { holds(t, anyForbidden) }
func TestTheDomainIsPlainGo(t *testing.T) { holds(t, impureDomain) }

func anyForbidden(s source) (faults []string) {
	for _, f := range forbiddens {
		faults = append(faults, f.broken(s)...)
	}
	return faults
}

func (f forbidden) broken(s source) (faults []string) {
	if !under(s.path, f.in) || s.test() && !f.tests || slices.ContainsFunc(f.except, func(dir string) bool { return under(s.path, dir) }) {
		return nil
	}
	for _, p := range s.imports() {
		if matches(p, f.imp) && !matches(p, f.allow) {
			faults = append(faults, fmt.Sprintf("%s imports %s: %s", s.path, p, f.why))
		}
	}
	return faults
}

// impureDomain: a decision sees only what it is given; so the domain imports nothing with which it could
// see more, and no library but the one that knows what an id looks like.
func impureDomain(s source) (faults []string) {
	if !under(s.path, "domain") || s.test() {
		return nil
	}
	for _, p := range s.imports() {
		first, _, _ := strings.Cut(p, "/")
		standard := !strings.Contains(first, ".")
		switch {
		case standard && !matches(p, impure):
		case p == "testing" && under(s.path, "domain/domaintest"):
		case within(p, module+"/domain"), p == "github.com/google/uuid":
		default:
			faults = append(faults, fmt.Sprintf("%s imports %s: a decision sees only what it is given", s.path, p))
		}
	}
	return faults
}

// under tells whether the file stands in the folder or below it.
func under(file, folder string) bool { return folder == "" || strings.HasPrefix(file, folder+"/") }

// within tells whether the package is that one or below it.
func within(p, parent string) bool { return p == parent || strings.HasPrefix(p, parent+"/") }

func matches(p string, parents []string) bool {
	return slices.ContainsFunc(parents, func(parent string) bool { return within(p, strings.Replace(parent, "~", module, 1)) })
}

func TestForbiddenImportsBite(t *testing.T) {
	file := func(path, imported string, breaks bool) planted {
		return planted{path: path, text: "package x\nimport _ \"" + strings.Replace(imported, "~", module, 1) + "\"\n", breaks: breaks}
	}
	bites(t, anyForbidden, []planted{
		file("eventstore/handler.go", "~/internal/seal", true),
		file("eventstore/handler.go", "~/domain/vocabulary", false),
		file("eventstore/feed/relay_test.go", "~/internal/natsnode", false),
		file("projections/runner.go", "~/eventstore", false),
		file("projections/runner.go", "~/eventstore/feed", true),
		file("projections/runner.go", "~/internal/wire", true),
		file("projections/runner_test.go", nats+"/nats.go", true),
		file("internal/httpapi/routes.go", "~/cmd/ledgerd", true),
		file("internal/httpapi/routes.go", client+"/esdb", true),
		file("internal/httpapi/routes_test.go", client+"/esdb", true),
		file("internal/httpapi/routes.go", "~/internal/sqlite", true),
		file("projections/sqldb/open.go", "modernc.org/sqlite", true),
		file("internal/httpapi/routes.go", "github.com/tink-crypto/tink-go/v2/tink", true),
		file("internal/seal/seal.go", "github.com/tink-crypto/tink-go/v2/tink", false),
		file("eventstore/esdb/esdb.go", client+"/esdb", false),
		file("eventstore/esdbx/esdb.go", client+"/esdb", true),
		file("eventstore/esdbnode/node.go", client+"/protos/streams", false),
		file("eventstore/esdbnode/node.go", client+"/esdb", true),
		file("eventstore/esdbnode/node_test.go", client+"/esdb", false),
		file("eventstore/esdbnode/node.go", "~/eventstore", true),
		file("eventstore/esdbnode/node_test.go", "~/eventstore", true),
		file("eventstore/esdbnode/node.go", "~/domain", true),
		file("eventstore/esdbnode/node.go", "~/eventstore/esdbnode/wire", false),
		file("eventstore/feed/relay.go", nats+"/nats.go/jetstream", false),
		file("eventstore/memory/memory.go", nats+"/nats.go", true),
		file("cmd/ledger/main.go", "~/internal/client", false),
		file("cmd/ledger/main.go", "~/internal/httpapi", true),
		file("cmd/ledger/main.go", "~/eventstore", true),
		file("cmd/ledgerd/wire.go", "~/eventstore", false),
		file("projections/runner.go", "go.opentelemetry.io/otel/trace", true),
		file("internal/telemetry/traces.go", "go.opentelemetry.io/otel/trace", false),
		file("projections/sqldb/open.go", "~/internal/sqlite", false),
		file("internal/sqlite/engine.go", "github.com/mattn/go-sqlite3", false),
		file("projections/partners/apply.go", "~/internal/sqlite", true),
		file("projections/partners/apply.go", "github.com/stretchr/testify/require", true),
		file("projections/partners/apply_test.go", "github.com/stretchr/testify/require", false),
	})
	bites(t, impureDomain, []planted{
		file("domain/customer/add.go", "strings", false),
		file("domain/customer/add.go", "github.com/google/uuid", false),
		file("domain/customer/add.go", "~/domain/credit", false),
		file("domain/customer/add.go", "~/eventstore", true),
		file("domain/customer/add.go", "os", true),
		file("domain/customer/add.go", "net/http", true),
		file("domain/customer/add.go", "math", false),
		file("domain/customer/add.go", "math/rand/v2", true),
		file("domain/customer/add.go", "log/slog", true),
		file("domain/customer/add.go", "context", true),
		file("domain/customer/add.go", "github.com/go-json-experiment/json", true),
		file("domain/customer/add_test.go", "os", false),
		file("domain/domaintest/domaintest.go", "testing", false),
		file("domain/reseller/reseller.go", "testing", true),
		file("domains/x.go", "os", false),
	})
}

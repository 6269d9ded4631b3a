package httpapi

import (
	"path"
	"reflect"
	"strings"

	"github.com/partnerledger/partnerledger/domain"
)

// schemaName names a type in OpenAPI by its package and its own name, so that timeline.Entry and
// outcomes.Entry don't meet: TimelineEntry, and Rows of them RowsTimelineEntry. The API's own types and
// those of the domain go without the package.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t.Name() == "":
		return hint
	case t.Implements(reflect.TypeFor[domain.Command]()):
		return t.Name() // a command is called the same everywhere
	}
	outer, inner, generic := strings.Cut(t.Name(), "[")
	name := withPackage(path.Base(t.PkgPath()), outer)
	if !generic {
		return name
	}
	for _, argument := range strings.Split(strings.TrimSuffix(inner, "]"), ",") {
		pkg, typ, qualified := strings.Cut(path.Base(argument), ".")
		if !qualified {
			pkg, typ = "", pkg
		}
		name += withPackage(pkg, typ)
	}
	return name
}

func withPackage(pkg, name string) string {
	name = strings.ToUpper(name[:1]) + name[1:]
	switch pkg {
	case "", "httpapi", "wire", "domain":
		return name
	}
	title := strings.ToUpper(pkg[:1]) + pkg[1:]
	if strings.HasPrefix(title, name) || strings.HasPrefix(name, strings.TrimSuffix(title, "s")) {
		return name
	}
	return title + name
}

package main

import (
	"errors"
	"net/url"

	"github.com/spf13/cobra"
)

// reader is who reads personal texts, and why. Without one they are blanked.
type reader struct{ name, tenant, role, reason string }

func (r *reader) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&r.name, "reader", "", "show personal texts to this user (principal `NAME`); that stays on record")
	f.StringVar(&r.tenant, "reader-tenant", "", "with --reader: the reader's organization (`TENANT` id)")
	f.StringVar(&r.role, "reader-role", "Auditor", "with --reader: the reader's `ROLE`")
	f.StringVar(&r.reason, "reader-reason", "", "with --reader: why (`TEXT`); it stays on record")
}

func (r *reader) named() bool { return r.name != "" || r.tenant != "" || r.reason != "" }

func (r *reader) fault() error {
	if r.named() && (r.name == "" || r.tenant == "" || r.reason == "") {
		return errors.New("personal texts are shown to named people alone: say --reader, --reader-tenant and --reader-reason")
	}
	return nil
}

// into adds the reader to a question.
func (r *reader) into(q url.Values) {
	if !r.named() {
		return
	}
	for name, value := range map[string]string{"reveal": "true", "reader": r.name, "readerTenant": r.tenant, "readerRole": r.role, "reason": r.reason} {
		q.Set(name, value)
	}
}

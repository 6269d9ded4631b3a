package esdbnode

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// action is what somebody wants to do with a stream.
type action int

const (
	actionRead action = iota
	actionWrite
	actionDelete
	actionMetaRead
	actionMetaWrite
)

// settingsStream holds, as its last event, the access that streams give which say nothing themselves.
const settingsStream = "$settings"

// roles are users and groups. In JSON they are one string or a list of them; nil says nothing, and empty says nobody.
type roles []string

// UnmarshalJSON takes both forms.
func (r *roles) UnmarshalJSON(data []byte) error {
	var one *string
	if json.Unmarshal(data, &one) == nil {
		if one != nil {
			*r = roles{*one}
		}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(r))
}

// acl is who may do what.
type acl struct {
	Read      roles `json:"$r"`
	Write     roles `json:"$w"`
	Delete    roles `json:"$d"`
	MetaRead  roles `json:"$mr"`
	MetaWrite roles `json:"$mw"`
}

func (a *acl) roles(act action) roles {
	if a == nil {
		return nil
	}
	return [...]roles{a.Read, a.Write, a.Delete, a.MetaRead, a.MetaWrite}[act]
}

// settings are the defaults for streams of users, and for those whose name begins with "$".
type settings struct {
	User   *acl `json:"$userStreamAcl"`
	System *acl `json:"$systemStreamAcl"`
}

// What holds when neither the stream nor the settings say anything: streams of users are everybody's, those of the
// system the administrators', except that the links which the system projections make may be read by all.
var (
	openToAll    = &acl{Read: roles{groupAll}, Write: roles{groupAll}, Delete: roles{groupAll}, MetaRead: roles{groupAll}, MetaWrite: roles{groupAll}}
	openToAdmins = &acl{Read: roles{groupAdmins}, Write: roles{groupAdmins}, Delete: roles{groupAdmins}, MetaRead: roles{groupAdmins}, MetaWrite: roles{groupAdmins}}
	openToRead   = &acl{Read: roles{groupAll}, MetaRead: roles{groupAll}}
)

// projected are the prefixes of the streams that the standard projections make.
var projected = []string{"$ce-", "$et-", "$category-", "$bc-"}

func isProjected(stream string) bool {
	for _, prefix := range projected {
		if strings.HasPrefix(stream, prefix) {
			return true
		}
	}
	return false
}

// allow refuses an act that the caller of ctx may not do. An insecure node allows everything, as EventStoreDB does.
func (n *Node) allow(ctx context.Context, act action, stream string) error {
	if n.guard == nil {
		return nil
	}
	who := principalOf(ctx)
	named := stream
	if isMetadata(stream) {
		act, stream = act.onMetadata(), stream[len(metadataPrefix):]
	}
	if who.anonymous() || act == actionNever {
		return accessDenied(named)
	}
	if who.admin() {
		return nil
	}
	granted, err := n.granted(act, stream)
	if err != nil {
		return err
	}
	for _, role := range granted {
		if role == groupAll || who.is(role) {
			return nil
		}
	}
	return accessDenied(named)
}

// actionNever is deleting metadata, which nobody may.
const actionNever action = -1

// onMetadata is what an act on a metadata stream means for the stream described.
func (a action) onMetadata() action {
	switch a {
	case actionRead:
		return actionMetaRead
	case actionWrite:
		return actionMetaWrite
	}
	return actionNever
}

// granted is who may do something with a stream: whom its own metadata names, else whom the settings name, else the
// default.
func (n *Node) granted(act action, stream string) (roles, error) {
	own, err := n.ownACL(stream)
	if err != nil {
		return nil, err
	}
	if given := own.roles(act); given != nil {
		return given, nil
	}
	set, err := n.settings()
	if err != nil {
		return nil, err
	}
	general, fallback := set.User, openToAll
	if strings.HasPrefix(stream, "$") {
		general, fallback = set.System, openToAdmins
	}
	if given := general.roles(act); given != nil {
		return given, nil
	}
	return fallback.roles(act), nil
}

// ownACL is what the stream's metadata says, nil when it says nothing.
func (n *Node) ownACL(stream string) (*acl, error) {
	name, ok := metadataOf(stream)
	if !ok {
		return nil, nil
	}
	newest, ok, err := n.newest(name)
	if err != nil {
		return nil, err
	}
	if !ok && isProjected(stream) {
		return openToRead, nil
	}
	var described struct {
		ACL json.RawMessage `json:"$acl"`
	}
	// Like the limits, what cannot be read at all is no metadata; the defaults then hold.
	if json.Unmarshal(newest.data, &described) != nil || described.ACL == nil {
		return nil, nil
	}
	var own *acl
	if json.Unmarshal(described.ACL, &own) != nil {
		// Somebody wanted to restrict access and misspelt it: that must not open the stream.
		return openToAdmins, nil
	}
	return own, nil
}

func (n *Node) settings() (settings, error) {
	var s settings
	newest, ok, err := n.newest(settingsStream)
	if err != nil || !ok {
		return s, err
	}
	if json.Unmarshal(newest.data, &s) != nil {
		return settings{User: openToAdmins, System: openToAdmins}, nil
	}
	return s, nil
}

// newest is the last event of a stream, whatever hides it.
func (n *Node) newest(stream string) (stored, bool, error) {
	events := n.index.viewStream(stream).events
	if events.len() == 0 {
		return stored{}, false, nil
	}
	frame, err := n.log.frame(events.at(events.len() - 1))
	if errors.Is(err, errGone) {
		return stored{}, false, nil
	}
	if err != nil {
		return stored{}, false, err
	}
	s, err := parseFrame(frame)
	return s, err == nil, err
}

// allowOperator refuses callers that neither run nor administer the node.
func (n *Node) allowOperator(ctx context.Context) error {
	if n.guard == nil || principalOf(ctx).operator() {
		return nil
	}
	return operationDenied()
}

// allowAdmin refuses callers that do not administer the node.
func (n *Node) allowAdmin(ctx context.Context) error {
	if n.guard == nil || principalOf(ctx).admin() {
		return nil
	}
	return operationDenied()
}

// allowKnown refuses callers that did not say who they are.
func (n *Node) allowKnown(ctx context.Context) error {
	if n.guard == nil || !principalOf(ctx).anonymous() {
		return nil
	}
	return operationDenied()
}

// unlessDenied is nil for a refusal of access and the error itself for everything else.
func unlessDenied(err error) error {
	if status.Code(err) == codes.PermissionDenied {
		return nil
	}
	return err
}

package esdbnode

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
)

// Users are events, as in EventStoreDB: the newest event of $user-<login> is what is known of a user, $users lists the
// logins. A log can be taken from one server to the other, passwords included.
const (
	usersStream        = "$users"
	userStreamPrefix   = "$user-"
	notificationStream = "$users-password-notifications"

	typeUser            = "$User"
	typeUserCreated     = "$UserCreated"
	typeUserUpdated     = "$UserUpdated"
	typePasswordChanged = "$PasswordChanged"
)

// defaultPassword is what the default users have on a new log when nothing else is said. Everybody knows it.
const defaultPassword = "changeit"

// The hash is PBKDF2 with SHA-1, 1000 rounds and these sizes, because that is what the stored form means.
const (
	hashRounds = 1000
	hashSize   = 20
	saltSize   = 16
)

const (
	// loginLimit and passwordLimit bound what is taken for a name or hashed.
	loginLimit    = 256
	passwordLimit = 1 << 10
	groupLimit    = 100
)

// user is the stored form, with the position of the event that says so.
type user struct {
	LoginName string   `json:"loginName"`
	FullName  string   `json:"fullName"`
	Salt      string   `json:"salt"`
	Hash      string   `json:"hash"`
	Disabled  bool     `json:"disabled"`
	Groups    []string `json:"groups"`

	position uint64
	revision uint64
	changed  int64
}

// nobody is checked in place of users that there are not.
var nobody = &user{Salt: base64.StdEncoding.EncodeToString(make([]byte, saltSize))}

func (u *user) principal() principal { return principal{login: u.LoginName, groups: u.Groups} }

// setPassword keeps the hash of a password.
func (u *user) setPassword(password string) error {
	salt := make([]byte, saltSize)
	if _, err := rand.Read(salt); err != nil {
		return fmt.Errorf("esdbnode: salt: %w", err)
	}
	hash, err := hashed(password, salt)
	if err != nil {
		return err
	}
	u.Salt, u.Hash = base64.StdEncoding.EncodeToString(salt), base64.StdEncoding.EncodeToString(hash)
	return nil
}

func hashed(password string, salt []byte) ([]byte, error) {
	if len(password) > passwordLimit {
		return nil, invalid("the password is too long")
	}
	hash, err := pbkdf2.Key(sha1.New, password, salt, hashRounds, hashSize)
	if err != nil {
		// The error of a hash says nothing of what was hashed.
		return nil, fmt.Errorf("esdbnode: hash a password: %w", err)
	}
	return hash, nil
}

// matches tells whether a password is the user's. An unreadable hash matches none.
func (u *user) matches(password string) bool {
	salt, err := base64.StdEncoding.DecodeString(u.Salt)
	if err != nil {
		return false
	}
	want, err := base64.StdEncoding.DecodeString(u.Hash)
	if err != nil {
		return false
	}
	got, err := hashed(password, salt)
	return err == nil && len(want) == hashSize && hmac.Equal(got, want)
}

// findUser is what is known of a user, nil when there is none.
func (n *Node) findUser(login string) (*user, error) {
	if login == "" || len(login) > loginLimit {
		return nil, nil
	}
	stream := userStreamPrefix + login
	v := n.index.viewStream(stream)
	limits, err := n.limits(stream, v)
	if err != nil || v.tombstoned || limits.deleted() {
		return nil, err
	}
	s, ok, err := n.newest(stream)
	if err != nil || !ok {
		return nil, err
	}
	u := &user{position: s.position, revision: s.revision, changed: s.ticks()}
	if json.Unmarshal(s.data, u) != nil || u.LoginName != login {
		return nil, nil
	}
	return u, nil
}

// logins lists the users' names in the order of their creation, each once.
func (n *Node) logins() ([]string, error) {
	events := n.index.viewStream(usersStream).events
	frames, err := n.log.frames(events.page(0, events.len()))
	if err != nil {
		return nil, err
	}
	var names []string
	seen := map[string]bool{}
	for _, frame := range frames {
		s, err := parseFrame(frame)
		if err != nil {
			return nil, err
		}
		if name := string(s.data); string(s.eventType) == typeUser && !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names, nil
}

// write appends one event on the node's own behalf. A conflict is the refusal that callers of the users service get.
func (n *Node) write(ctx context.Context, stream string, expected expectation, eventType, contentType string, data []byte) error {
	done, err := n.writer.append(ctx, stream, expected, []proposed{newProposed(stream, uuid.New(), eventType, contentType, nil, data)})
	if err == nil && done.result == resultConflict {
		return &refusal{code: codes.FailedPrecondition, message: "Conflict.", trailers: []string{"exception", exceptionUserConflict}}
	}
	return err
}

// createUser adds a user that there is not. What a crash leaves half done is completed by doing it again.
func (n *Node) createUser(ctx context.Context, u *user) error {
	stream := userStreamPrefix + u.LoginName
	access := fmt.Sprintf(`{"$acl":{"$w":%q,"$d":%q,"$mw":%q}}`, groupAdmins, groupAdmins, groupAdmins)
	if err := n.write(ctx, metadataPrefix+stream, expectation{kind: expectAny}, metadataType, contentTypeJSON, []byte(access)); err != nil {
		return err
	}
	data, err := json.Marshal(u)
	if err != nil {
		return err
	}
	if err := n.write(ctx, stream, n.expectLast(stream), typeUserCreated, contentTypeJSON, data); err != nil {
		return err
	}
	return n.write(ctx, usersStream, expectation{kind: expectAny}, typeUser, contentTypeBinary, []byte(u.LoginName))
}

// expectLast expects a stream as it is now, so that of two writers one is refused.
func (n *Node) expectLast(stream string) expectation {
	count := n.index.viewStream(stream).events.len()
	if count == 0 {
		return expectation{kind: expectNone}
	}
	return expectation{kind: expectExact, revision: uint64(count - 1)}
}

// updateUser writes a user as it is to be from now on.
func (n *Node) updateUser(ctx context.Context, u *user, passwordMatters bool) error {
	data, err := json.Marshal(u)
	if err != nil {
		return err
	}
	expected := expectation{kind: expectExact, revision: u.revision}
	if err := n.write(ctx, userStreamPrefix+u.LoginName, expected, typeUserUpdated, contentTypeJSON, data); err != nil {
		return err
	}
	if !passwordMatters {
		return nil
	}
	return n.notifyPassword(ctx, u.LoginName)
}

// notifyPassword tells whoever keeps passwords in mind that a user's has to be checked again; the node itself does not
// need it, but tools that watch a server do.
func (n *Node) notifyPassword(ctx context.Context, login string) error {
	if n.index.viewStream(metadataPrefix+notificationStream).events.len() == 0 {
		if err := n.write(ctx, metadataPrefix+notificationStream, expectation{kind: expectAny}, metadataType, contentTypeJSON, []byte(`{"$maxAge":3600}`)); err != nil {
			return err
		}
	}
	data, err := json.Marshal(map[string]string{"loginName": login})
	if err != nil {
		return err
	}
	return n.write(ctx, notificationStream, expectation{kind: expectAny}, typePasswordChanged, contentTypeJSON, data)
}

// ErrDefaultPassword is returned by Start when a node that other machines could reach has a user whose password is the
// one that everybody knows. Set Options.AdminPassword and Options.OpsPassword, or change it through loopback before.
var ErrDefaultPassword = errors.New("esdbnode: the default password has to be changed before others can reach the node")

// prepareUsers sees to it that a secure node has its default users, and gives them the passwords of the options as long
// as they still have the one that everybody knows.
func (n *Node) prepareUsers(ctx context.Context, opts Options) error {
	for _, standard := range []struct{ login, name, group, password string }{
		{userAdmin, "Event Store Administrator", groupAdmins, string(opts.AdminPassword)},
		{userOperations, "Event Store Operations", groupOperations, string(opts.OpsPassword)},
	} {
		u := &user{LoginName: standard.login, FullName: standard.name, Groups: []string{standard.group}}
		if err := n.prepareUser(ctx, u, standard.password, checkLoopback(opts.Listen) != nil); err != nil {
			return fmt.Errorf("esdbnode: user %q: %w", standard.login, err)
		}
	}
	return nil
}

func (n *Node) prepareUser(ctx context.Context, wanted *user, password string, reachable bool) error {
	found, err := n.findUser(wanted.LoginName)
	if err != nil {
		return err
	}
	if found == nil && n.exists(userStreamPrefix+wanted.LoginName) {
		// The user was deleted, and stays so.
		return nil
	}
	if password == "" {
		password = defaultPassword
	}
	known := found == nil || !found.Disabled && found.matches(defaultPassword)
	if known && reachable && password == defaultPassword {
		return ErrDefaultPassword
	}
	switch {
	case found == nil:
		if err := wanted.setPassword(password); err != nil {
			return err
		}
		return n.createUser(ctx, wanted)
	case known && password != defaultPassword:
		if err := found.setPassword(password); err != nil {
			return err
		}
		return n.updateUser(ctx, found, true)
	}
	return nil
}

// exists tells whether a stream ever had an event.
func (n *Node) exists(stream string) bool {
	v := n.index.viewStream(stream)
	return v.events.len() > 0 || v.tombstoned
}

package esdbnode

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"
)

// The client module brings no generated code for this service and its messages are small, so they are read and written
// field by field. Every request is a message with one field, the options.
const (
	usersServiceName = "event_store.client.users.Users"

	fieldOptions = 1

	fieldLogin           = 1
	fieldPassword        = 2
	fieldFullName        = 3
	fieldGroups          = 4
	fieldCurrentPassword = 2
	fieldChangedPassword = 3
	fieldResetPassword   = 2

	fieldDetails         = 1
	fieldDetailsName     = 2
	fieldDetailsGroups   = 3
	fieldDetailsUpdated  = 4
	fieldDetailsDisabled = 5
	fieldTicks           = 1
)

// userRequest is the options of a request, texts by field.
type userRequest map[protowire.Number][]string

func (r userRequest) text(field protowire.Number) string {
	if len(r[field]) == 0 {
		return ""
	}
	return r[field][len(r[field])-1]
}

func parseUserRequest(message []byte) (userRequest, error) {
	r := userRequest{}
	ok := eachField(message, func(field protowire.Number, options []byte, _ uint64) bool {
		return field != fieldOptions || eachField(options, func(field protowire.Number, value []byte, _ uint64) bool {
			r[field] = append(r[field], string(value))
			return true
		})
	})
	if !ok {
		return nil, invalid("the request does not parse")
	}
	return r, nil
}

// usersService manages users. Clients of the embedded kind rarely need it; a secure node that others use does.
type usersService struct{ node *Node }

// userMethod does what one method of the service is for; the answer of all of them is empty.
type userMethod func(s *usersService, ctx context.Context, r userRequest) error

func (n *Node) registerUsers() {
	n.server.RegisterService(&grpc.ServiceDesc{
		ServiceName: usersServiceName,
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{
			userMethodDesc("Create", (*usersService).create),
			userMethodDesc("Update", (*usersService).update),
			userMethodDesc("Delete", (*usersService).remove),
			userMethodDesc("Disable", (*usersService).disable),
			userMethodDesc("Enable", (*usersService).enable),
			userMethodDesc("ChangePassword", (*usersService).changePassword),
			userMethodDesc("ResetPassword", (*usersService).resetPassword),
		},
		Streams: []grpc.StreamDesc{{StreamName: "Details", ServerStreams: true, Handler: func(service any, call grpc.ServerStream) error {
			if err := service.(*usersService).details(call); err != nil {
				return fail(call, err)
			}
			return nil
		}}},
	}, &usersService{node: n})
}

func userMethodDesc(name string, method userMethod) grpc.MethodDesc {
	return rawMethod(usersServiceName, name, func(ctx context.Context, service any, message []byte) ([]byte, error) {
		r, err := parseUserRequest(message)
		if err != nil {
			return nil, err
		}
		return nil, method(service.(*usersService), ctx, r)
	})
}

// rawMethod describes a method that takes and gives encoded messages.
func rawMethod(service, name string, method func(ctx context.Context, service any, message []byte) ([]byte, error)) grpc.MethodDesc {
	return grpc.MethodDesc{MethodName: name, Handler: func(srv any, ctx context.Context, decode func(any) error, around grpc.UnaryServerInterceptor) (any, error) {
		var message rawFrame
		if err := decode(&message); err != nil {
			return nil, err
		}
		serve := func(ctx context.Context, _ any) (any, error) {
			answer, err := method(ctx, srv, message)
			if err != nil {
				return nil, fail(unaryTrailer{ctx}, err)
			}
			return rawFrame(answer), nil
		}
		if around == nil {
			return serve(ctx, nil)
		}
		return around(ctx, nil, &grpc.UnaryServerInfo{Server: srv, FullMethod: "/" + service + "/" + name}, serve)
	}}
}

// create adds a user. Repeating it with the same password changes nothing.
func (s *usersService) create(ctx context.Context, r userRequest) error {
	if err := s.node.allowAdmin(ctx); err != nil {
		return err
	}
	u, err := newUser(r)
	if err != nil {
		return err
	}
	found, err := s.node.findUser(u.LoginName)
	switch {
	case err != nil:
		return err
	case found != nil && found.matches(r.text(fieldPassword)):
		return nil
	case found != nil:
		return userConflict(u.LoginName)
	}
	return s.node.createUser(ctx, u)
}

func newUser(r userRequest) (*user, error) {
	u := &user{LoginName: r.text(fieldLogin), FullName: r.text(fieldFullName), Groups: append([]string{}, r[fieldGroups]...)}
	switch {
	case u.LoginName == "" || len(u.LoginName) > loginLimit || strings.HasPrefix(u.LoginName, "$"):
		return nil, invalid("the login name is missing, too long or that of a group")
	case r.text(fieldPassword) == "":
		return nil, invalid("the password is missing")
	case len(u.FullName) > nameLimit || len(u.Groups) > groupLimit:
		return nil, invalid("the full name or the list of groups is too long")
	}
	return u, u.setPassword(r.text(fieldPassword))
}

func (s *usersService) update(ctx context.Context, r userRequest) error {
	return s.change(ctx, r, true, func(u *user) error {
		u.FullName, u.Groups = r.text(fieldFullName), append([]string{}, r[fieldGroups]...)
		return nil
	})
}

func (s *usersService) disable(ctx context.Context, r userRequest) error {
	return s.change(ctx, r, true, func(u *user) error { u.Disabled = true; return nil })
}

func (s *usersService) enable(ctx context.Context, r userRequest) error {
	return s.change(ctx, r, false, func(u *user) error { u.Disabled = false; return nil })
}

func (s *usersService) resetPassword(ctx context.Context, r userRequest) error {
	return s.change(ctx, r, true, func(u *user) error { return u.setPassword(r.text(fieldResetPassword)) })
}

// change writes a user as an administrator wants it.
func (s *usersService) change(ctx context.Context, r userRequest, passwordMatters bool, edit func(*user) error) error {
	if err := s.node.allowAdmin(ctx); err != nil {
		return err
	}
	u, err := s.known(r)
	if err != nil {
		return err
	}
	if err := edit(u); err != nil {
		return err
	}
	return s.node.updateUser(ctx, u, passwordMatters)
}

// changePassword is the one change that users make themselves, and they have to know the password that they had.
func (s *usersService) changePassword(ctx context.Context, r userRequest) error {
	if err := s.allowSelf(ctx, r.text(fieldLogin)); err != nil {
		return err
	}
	u, err := s.known(r)
	if err != nil {
		return err
	}
	if !u.matches(r.text(fieldCurrentPassword)) {
		return operationDenied()
	}
	if err := u.setPassword(r.text(fieldChangedPassword)); err != nil {
		return err
	}
	return s.node.updateUser(ctx, u, true)
}

func (s *usersService) allowSelf(ctx context.Context, login string) error {
	if s.node.guard == nil || principalOf(ctx).login == login {
		return nil
	}
	return operationDenied()
}

// remove soft-deletes the user's stream.
func (s *usersService) remove(ctx context.Context, r userRequest) error {
	if err := s.node.allowAdmin(ctx); err != nil {
		return err
	}
	u, err := s.known(r)
	if err != nil {
		return err
	}
	call := newCall(ctx, kindSoftDelete, userStreamPrefix+u.LoginName, expectation{kind: expectExact, revision: u.revision}, nil)
	if err := s.node.writer.submit(call); err != nil {
		return err
	}
	done, err := s.node.writer.await(call)
	if err == nil && done.result == resultConflict {
		return userConflict(u.LoginName)
	}
	if err != nil {
		return err
	}
	return s.node.notifyPassword(ctx, u.LoginName)
}

func (s *usersService) known(r userRequest) (*user, error) {
	u, err := s.node.findUser(r.text(fieldLogin))
	if err == nil && u == nil {
		return nil, userMissing(r.text(fieldLogin))
	}
	return u, err
}

// details sends one user, or all of them when none is named. Users may see themselves, administrators everybody.
func (s *usersService) details(call grpc.ServerStream) error {
	var message rawFrame
	if err := call.RecvMsg(&message); err != nil {
		return err
	}
	r, err := parseUserRequest(message)
	if err != nil {
		return err
	}
	names := []string{r.text(fieldLogin)}
	if err := s.node.allowAdmin(call.Context()); err != nil && (names[0] == "" || s.allowSelf(call.Context(), names[0]) != nil) {
		return err
	}
	if all := strings.TrimSpace(names[0]) == ""; all {
		if names, err = s.node.logins(); err != nil {
			return err
		}
	} else if _, err := s.known(r); err != nil {
		return err
	}
	for _, name := range names {
		u, err := s.node.findUser(name)
		if err != nil {
			return err
		}
		if u == nil {
			continue
		}
		if err := call.SendMsg(rawFrame(u.encode())); err != nil {
			return err
		}
	}
	return nil
}

// encode is the user as clients see it; the hash stays here.
func (u *user) encode() []byte {
	var details []byte
	details = appendText(details, fieldLogin, u.LoginName)
	details = appendText(details, fieldDetailsName, u.FullName)
	for _, group := range u.Groups {
		details = appendText(details, fieldDetailsGroups, group)
	}
	details = appendBytes(details, fieldDetailsUpdated, appendVarint(nil, fieldTicks, uint64(u.changed)))
	details = appendVarint(details, fieldDetailsDisabled, protowire.EncodeBool(u.Disabled))
	return appendBytes(nil, fieldDetails, details)
}

func appendText(b []byte, field protowire.Number, value string) []byte {
	return appendBytes(b, field, []byte(value))
}

func userMissing(login string) *refusal {
	return &refusal{
		code: codes.NotFound, message: "User '" + login + "' is not found.",
		trailers: []string{"exception", exceptionUserMissing, "login-name", trailerName(login)},
	}
}

func userConflict(login string) *refusal {
	return &refusal{
		code: codes.FailedPrecondition, message: "Conflict.",
		trailers: []string{"exception", exceptionUserConflict, "login-name", trailerName(login)},
	}
}

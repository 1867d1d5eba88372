// The client of xconn-go as a peer that the tests drive: see ../../README.md for the lines it reads and writes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"

	"github.com/sirupsen/logrus"
	"github.com/xconnio/wampproto-go/auth"
	"github.com/xconnio/xconn-go"

	"realmway/tests/interop/lines"
)

type dict = lines.Dict

type peer struct {
	session       *xconn.Session
	mu            sync.Mutex
	held          map[string]chan struct{}
	registrations map[string]xconn.RegisterResponse
	subscriptions map[string]xconn.SubscribeResponse
}

var (
	mu       sync.Mutex                         //nolint:gochecknoglobals
	sessions = map[string]*peer{}               //nolint:gochecknoglobals
	formats  = map[string]xconn.SerializerSpec{ //nolint:gochecknoglobals
		"json": xconn.JSONSerializerSpec, "msgpack": xconn.MsgPackSerializerSpec,
		"cbor": xconn.CBORSerializerSpec,
	}
)

func find(name string) *peer {
	mu.Lock()
	defer mu.Unlock()
	return sessions[name]
}

func join(r *lines.Request) (dict, error) {
	var url string
	switch r.Transport {
	case "websocket":
		url = fmt.Sprintf("ws://%s:%d%s", r.Host, r.Port, r.Path)
	case "rawsocket":
		url = fmt.Sprintf("rs://%s:%d", r.Host, r.Port)
	default:
		url = "unix+rs://" + r.Socket
	}
	client := xconn.Client{SerializerSpec: formats[r.Serializer]}
	if r.Auth != nil {
		authenticator, err := authentication(r.Auth)
		if err != nil {
			return nil, err
		}
		client.Authenticator = authenticator
	}
	session, err := client.Connect(context.Background(), url, r.Realm)
	if err != nil {
		return nil, err
	}
	p := &peer{
		session:       session,
		held:          map[string]chan struct{}{},
		registrations: map[string]xconn.RegisterResponse{},
		subscriptions: map[string]xconn.SubscribeResponse{},
	}
	mu.Lock()
	sessions[r.Session] = p
	mu.Unlock()
	go func() {
		<-session.Done()
		lines.Write(dict{"note": "closed", "session": r.Session, "reason": reason(session)})
	}()
	details := session.Details()
	return dict{
		"id": session.ID(), "authid": details.AuthID(), "authrole": details.AuthRole(),
		"serializer": r.Serializer,
	}, nil
}

func authentication(c *lines.Credentials) (auth.ClientAuthenticator, error) {
	switch c.Method {
	case "ticket":
		return auth.NewTicketAuthenticator(c.Authid, c.Secret, nil), nil
	case "wampcra":
		return auth.NewWAMPCRAAuthenticator(c.Authid, c.Secret, nil), nil
	default:
		return auth.NewCryptoSignAuthenticator(c.Authid, c.Secret, nil)
	}
}

func reason(session *xconn.Session) any {
	if goodbye := session.GoodBye(); goodbye != nil {
		return goodbye.Reason
	}
	return nil
}

func leave(r *lines.Request) (dict, error) {
	session := find(r.Session).session
	err := session.Leave()
	return dict{"reason": reason(session)}, err
}

func (p *peer) behaviour(r *lines.Request) xconn.InvocationHandler {
	switch r.Behaviour {
	case "echo":
		return func(_ context.Context, i *xconn.Invocation) *xconn.InvocationResult {
			return &xconn.InvocationResult{Args: i.Args(), Kwargs: i.Kwargs()}
		}
	case "details":
		return func(_ context.Context, i *xconn.Invocation) *xconn.InvocationResult {
			return xconn.NewInvocationResult(i.Details())
		}
	case "fail":
		return func(_ context.Context, i *xconn.Invocation) *xconn.InvocationResult {
			uri, _ := i.Args()[0].(string)
			return &xconn.InvocationResult{Err: uri, Args: i.Args()[1:], Kwargs: i.Kwargs()}
		}
	case "progress":
		return func(_ context.Context, i *xconn.Invocation) *xconn.InvocationResult {
			if i.SendProgress == nil {
				return xconn.NewInvocationResult("no progress wanted")
			}
			count := i.ArgInt64Or(0, 0)
			for number := range count {
				_ = i.SendProgress([]any{number}, map[string]any{"step": number})
			}
			return xconn.NewInvocationResult("done")
		}
	default:
		return func(_ context.Context, _ *xconn.Invocation) *xconn.InvocationResult {
			release := make(chan struct{})
			p.mu.Lock()
			p.held[r.Procedure] = release
			p.mu.Unlock()
			lines.Write(dict{"note": "invoked", "session": r.Session, "procedure": r.Procedure})
			<-release
			return xconn.NewInvocationResult("late")
		}
	}
}

func register(r *lines.Request) (dict, error) {
	p := find(r.Session)
	response := p.session.Register(r.Procedure, p.behaviour(r)).Options(r.Options()).Do()
	if response.Err != nil {
		return nil, refusal(response.Err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.registrations[r.Procedure] = response
	return dict{}, nil
}

func unregister(r *lines.Request) (dict, error) {
	return dict{}, find(r.Session).registrations[r.Procedure].Unregister()
}

func release(r *lines.Request) (dict, error) {
	p := find(r.Session)
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.held[r.Procedure])
	return dict{}, nil
}

func call(r *lines.Request) (dict, error) {
	request := find(r.Session).session.Call(r.Procedure).Options(r.Options())
	for _, arg := range r.Args(lines.Bytes) {
		request.Arg(arg)
	}
	for key, value := range r.Kwargs(lines.Bytes) {
		request.Kwarg(key, value)
	}
	if wanted, _ := r.Options()["receive_progress"].(bool); wanted {
		request.ProgressReceiver(func(result *xconn.ProgressResult) {
			lines.Write(dict{
				"note": "progress", "call": r.ID,
				"args": lines.Args(result.Args()), "kwargs": lines.Kwargs(result.Kwargs()),
			})
		})
	}
	response := request.Do()
	if response.Err != nil {
		return nil, refusal(response.Err)
	}
	return dict{"args": lines.Args(response.Args()), "kwargs": lines.Kwargs(response.Kwargs())}, nil
}

func refusal(err error) error {
	var refused *xconn.Error
	if errors.As(err, &refused) {
		return &lines.Refused{URI: refused.URI, Args: refused.Args, Kwargs: refused.Kwargs}
	}
	return err
}

func subscribe(r *lines.Request) (dict, error) {
	p := find(r.Session)
	response := p.session.Subscribe(r.Topic, func(event *xconn.Event) {
		details := event.Details()
		topic := any(r.Topic)
		if given, ok := details["topic"]; ok {
			topic = given
		}
		lines.Write(dict{
			"note": "event", "session": r.Session, "handler": r.Topic, "topic": topic,
			"args": lines.Args(event.Args()), "kwargs": lines.Kwargs(event.Kwargs()),
			"publisher":          details["publisher"],
			"publisher_authid":   details["publisher_authid"],
			"publisher_authrole": details["publisher_authrole"],
		})
	}).Options(r.Options()).Do()
	if response.Err != nil {
		return nil, refusal(response.Err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.subscriptions[r.Topic] = response
	return dict{}, nil
}

func unsubscribe(r *lines.Request) (dict, error) {
	return dict{}, find(r.Session).subscriptions[r.Topic].Unsubscribe()
}

func publish(r *lines.Request) (dict, error) {
	request := find(r.Session).session.Publish(r.Topic).Options(r.Options())
	for _, arg := range r.Args(lines.Bytes) {
		request.Arg(arg)
	}
	for key, value := range r.Kwargs(lines.Bytes) {
		request.Kwarg(key, value)
	}
	if err := request.Do().Err; err != nil {
		return nil, refusal(err)
	}
	return dict{}, nil
}

func burst(r *lines.Request) (dict, error) {
	session := find(r.Session).session
	for number := range r.Count {
		if err := session.Publish(r.Topic).Arg(number).Do().Err; err != nil {
			return nil, err
		}
	}
	return dict{}, nil
}

func stampede(r *lines.Request) (dict, error) {
	session := find(r.Session).session
	return dict{}, lines.Stampede(r.Count, func(number int) error {
		return session.Call(r.Procedure).Arg(number).Do().Err
	})
}

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/xconnio/xconn-go" {
			return "xconn-go " + module.Version
		}
	}
	return "xconn-go"
}

func main() {
	logrus.SetOutput(io.Discard)
	lines.Serve(version(), map[string]func(*lines.Request) (dict, error){
		"join": join, "leave": leave, "register": register, "unregister": unregister,
		"release": release, "call": call, "subscribe": subscribe,
		"unsubscribe": unsubscribe, "publish": publish, "burst": burst, "stampede": stampede,
	})
}

// The client of nexus as a peer that the tests drive: see ../../README.md for the lines it reads and writes.
package main

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"runtime/debug"
	"sync"

	"github.com/gammazero/nexus/v3/client"
	"github.com/gammazero/nexus/v3/transport/serialize"
	"github.com/gammazero/nexus/v3/wamp"
	"github.com/gammazero/nexus/v3/wamp/crsign"

	"realmway/tests/interop/lines"
)

type dict = lines.Dict

type peer struct {
	client *client.Client
	binary func([]byte) any
	mu     sync.Mutex
	held   map[string]chan struct{}
}

var (
	mu       sync.Mutex                            //nolint:gochecknoglobals
	sessions = map[string]*peer{}                  //nolint:gochecknoglobals
	calls    = map[int64]context.CancelFunc{}      //nolint:gochecknoglobals
	callers  = map[int64]*peer{}                   //nolint:gochecknoglobals
	formats  = map[string]serialize.Serialization{ //nolint:gochecknoglobals
		"json": serialize.JSON, "msgpack": serialize.MSGPACK, "cbor": serialize.CBOR,
	}
)

func session(name string) *peer {
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
		url = fmt.Sprintf("tcp://%s:%d", r.Host, r.Port)
	default:
		url = "unix://" + r.Socket
	}
	config := client.Config{
		Realm:         r.Realm,
		Serialization: formats[r.Serializer],
		Logger:        log.New(io.Discard, "", 0),
	}
	if r.Auth != nil {
		authenticate(&config, r.Auth)
	}
	c, err := client.ConnectNet(context.Background(), url, config)
	if err != nil {
		return nil, err
	}
	p := &peer{client: c, binary: lines.Bytes, held: map[string]chan struct{}{}}
	if r.Serializer == "json" {
		// Its JSON has WAMP's convention only for this type
		p.binary = func(octets []byte) any { return serialize.BinaryData(octets) }
	}
	mu.Lock()
	sessions[r.Session] = p
	mu.Unlock()
	go func() {
		<-c.Done()
		lines.Write(dict{"note": "closed", "session": r.Session, "reason": reason(c)})
		_ = c.Close()
	}()
	details := c.RealmDetails()
	return dict{
		"id": c.ID(), "authid": details["authid"], "authrole": details["authrole"],
		"serializer": r.Serializer,
	}, nil
}

func authenticate(config *client.Config, c *lines.Credentials) {
	config.HelloDetails = wamp.Dict{"authid": c.Authid}
	config.AuthHandlers = map[string]client.AuthFunc{}
	switch c.Method {
	case "ticket":
		config.AuthHandlers[c.Method] = func(*wamp.Challenge) (string, wamp.Dict) {
			return c.Secret, wamp.Dict{}
		}
	case "wampcra":
		config.AuthHandlers[c.Method] = func(challenge *wamp.Challenge) (string, wamp.Dict) {
			return crsign.RespondChallenge(c.Secret, challenge, nil), wamp.Dict{}
		}
	case "cryptosign":
		// It has no cryptosign of its own
		seed, _ := hex.DecodeString(c.Secret)
		key := ed25519.NewKeyFromSeed(seed)
		public, _ := key.Public().(ed25519.PublicKey)
		config.HelloDetails["authextra"] = wamp.Dict{"pubkey": hex.EncodeToString(public)}
		config.AuthHandlers[c.Method] = func(challenge *wamp.Challenge) (string, wamp.Dict) {
			text, _ := wamp.AsString(challenge.Extra["challenge"])
			bytes, _ := hex.DecodeString(text)
			return hex.EncodeToString(ed25519.Sign(key, bytes)) + text, wamp.Dict{}
		}
	}
}

func reason(c *client.Client) any {
	if goodbye := c.RouterGoodbye(); goodbye != nil {
		return string(goodbye.Reason)
	}
	return nil
}

func leave(r *lines.Request) (dict, error) {
	c := session(r.Session).client
	err := c.Close()
	return dict{"reason": reason(c)}, err
}

func (p *peer) behaviour(r *lines.Request) client.InvocationHandler {
	switch r.Behaviour {
	case "echo":
		return func(_ context.Context, i *wamp.Invocation) client.InvokeResult {
			return client.InvokeResult{Args: i.Arguments, Kwargs: i.ArgumentsKw}
		}
	case "details":
		return func(_ context.Context, i *wamp.Invocation) client.InvokeResult {
			return client.InvokeResult{Args: wamp.List{i.Details}}
		}
	case "fail":
		return func(_ context.Context, i *wamp.Invocation) client.InvokeResult {
			uri, _ := wamp.AsURI(i.Arguments[0])
			return client.InvokeResult{Err: uri, Args: i.Arguments[1:], Kwargs: i.ArgumentsKw}
		}
	case "progress":
		return func(ctx context.Context, i *wamp.Invocation) client.InvokeResult {
			count, _ := wamp.AsInt64(i.Arguments[0])
			for number := range count {
				step := wamp.Dict{"step": number}
				if err := p.client.SendProgress(ctx, wamp.List{number}, step); err != nil {
					return client.InvokeResult{Args: wamp.List{"no progress wanted"}}
				}
			}
			return client.InvokeResult{Args: wamp.List{"done"}}
		}
	default:
		return func(ctx context.Context, _ *wamp.Invocation) client.InvokeResult {
			release := make(chan struct{})
			p.mu.Lock()
			p.held[r.Procedure] = release
			p.mu.Unlock()
			note := dict{"note": "invoked", "session": r.Session, "procedure": r.Procedure}
			lines.Write(note)
			select {
			case <-release:
				return client.InvokeResult{Args: wamp.List{"late"}}
			case <-ctx.Done():
				note["note"] = "interrupted"
				lines.Write(note)
				return client.InvocationCanceled
			}
		}
	}
}

func register(r *lines.Request) (dict, error) {
	p := session(r.Session)
	if err := p.client.Register(r.Procedure, p.behaviour(r), r.Options()); err != nil {
		return nil, err
	}
	id, _ := p.client.RegistrationID(r.Procedure)
	return dict{"registration": id}, nil
}

func unregister(r *lines.Request) (dict, error) {
	return dict{}, session(r.Session).client.Unregister(r.Procedure)
}

func release(r *lines.Request) (dict, error) {
	p := session(r.Session)
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.held[r.Procedure])
	return dict{}, nil
}

func call(r *lines.Request) (dict, error) {
	p := session(r.Session)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	mu.Lock()
	calls[r.ID] = cancel
	callers[r.ID] = p
	mu.Unlock()
	options := r.Options()
	var onProgress client.ProgressHandler
	if wanted, _ := options["receive_progress"].(bool); wanted {
		onProgress = func(result *wamp.Result) {
			lines.Write(dict{
				"note": "progress", "call": r.ID,
				"args": lines.Args(result.Arguments), "kwargs": lines.Kwargs(result.ArgumentsKw),
			})
		}
	}
	result, err := p.client.Call(ctx, r.Procedure, options, r.Args(p.binary), r.Kwargs(p.binary), onProgress)
	if errors.Is(err, context.Canceled) {
		// It has waited for the router's ERROR
		return nil, &lines.Refused{URI: "wamp.error.canceled"}
	}
	var refused client.RPCError
	if errors.As(err, &refused) {
		e := refused.Err
		return nil, &lines.Refused{URI: string(e.Error), Args: e.Arguments, Kwargs: e.ArgumentsKw}
	}
	if err != nil {
		return nil, err
	}
	return dict{"args": lines.Args(result.Arguments), "kwargs": lines.Kwargs(result.ArgumentsKw)}, nil
}

func cancelCall(r *lines.Request) (dict, error) {
	mu.Lock()
	defer mu.Unlock()
	mode, _ := r.Options()["mode"].(string)
	if err := callers[r.Call].client.SetCallCancelMode(mode); err != nil {
		return nil, err
	}
	calls[r.Call]()
	return dict{}, nil
}

func subscribe(r *lines.Request) (dict, error) {
	c := session(r.Session).client
	err := c.Subscribe(r.Topic, func(event *wamp.Event) {
		topic := any(r.Topic)
		if given, ok := event.Details["topic"]; ok {
			topic = given
		}
		lines.Write(dict{
			"note": "event", "session": r.Session, "handler": r.Topic, "topic": topic,
			"args": lines.Args(event.Arguments), "kwargs": lines.Kwargs(event.ArgumentsKw),
			"publication":        event.Publication,
			"publisher":          event.Details["publisher"],
			"publisher_authid":   event.Details["publisher_authid"],
			"publisher_authrole": event.Details["publisher_authrole"],
		})
	}, r.Options())
	if err != nil {
		return nil, err
	}
	id, _ := c.SubscriptionID(r.Topic)
	return dict{"subscription": id}, nil
}

func unsubscribe(r *lines.Request) (dict, error) {
	return dict{}, session(r.Session).client.Unsubscribe(r.Topic)
}

func publish(r *lines.Request) (dict, error) {
	p := session(r.Session)
	return dict{}, p.client.Publish(r.Topic, r.Options(), r.Args(p.binary), r.Kwargs(p.binary))
}

func burst(r *lines.Request) (dict, error) {
	c := session(r.Session).client
	for number := range r.Count {
		if err := c.Publish(r.Topic, nil, wamp.List{number}, nil); err != nil {
			return nil, err
		}
	}
	return dict{}, nil
}

func stampede(r *lines.Request) (dict, error) {
	c := session(r.Session).client
	return dict{}, lines.Stampede(r.Count, func(number int) error {
		_, err := c.Call(context.Background(), r.Procedure, nil, wamp.List{number}, nil, nil)
		return err
	})
}

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/gammazero/nexus/v3" {
			return "nexus " + module.Version
		}
	}
	return "nexus"
}

func main() {
	lines.Serve(version(), map[string]func(*lines.Request) (dict, error){
		"join": join, "leave": leave, "register": register, "unregister": unregister,
		"release": release, "call": call, "cancel": cancelCall, "subscribe": subscribe,
		"unsubscribe": unsubscribe, "publish": publish, "burst": burst, "stampede": stampede,
	})
}

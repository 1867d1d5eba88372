// A foreign router for the library to be tested against: routers nexus|xconn SOCKET. WebSocket on a free TCP port, which it prints,
// RawSocket on the unix socket. The realm is "realm1", everybody is anonymous and may do everything. Ends with its standard input.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"

	nexus "github.com/gammazero/nexus/v3/router"
	"github.com/gammazero/nexus/v3/wamp"
	"github.com/xconnio/xconn-go"
)

func main() {
	start := map[string]func(net.Listener, string) error{"nexus": startNexus, "xconn": startXconn}[os.Args[1]]
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		err = start(listener, os.Args[2])
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func startNexus(listener net.Listener, socket string) error {
	config := &nexus.Config{RealmConfigs: []*nexus.RealmConfig{{
		URI:            wamp.URI("realm1"),
		AnonymousAuth:  true,
		AllowDisclose:  true,
		EnableMetaKill: true,
	}}}
	router, err := nexus.NewRouter(config, log.New(os.Stderr, "", 0))
	if err != nil {
		return err
	}
	go func() { log.Fatal(http.Serve(listener, nexus.NewWebsocketServer(router))) }()
	_, err = nexus.NewRawSocketServer(router).ListenAndServe("unix", socket)
	return err
}

func startXconn(listener net.Listener, socket string) error {
	router, err := xconn.NewRouter(&xconn.RouterConfig{LogLevel: xconn.LogLevelError})
	if err != nil {
		return err
	}
	everything := xconn.Permission{
		MatchPolicy:    "prefix",
		AllowCall:      true,
		AllowRegister:  true,
		AllowPublish:   true,
		AllowSubscribe: true,
	}
	err = router.AddRealm("realm1", &xconn.RealmConfig{
		Meta:  true,
		Roles: []xconn.RealmRole{{Name: "anonymous", Permissions: []xconn.Permission{everything}}},
	})
	if err != nil {
		return err
	}
	server := xconn.NewServer(router, nil, nil)
	server.Serve(listener, xconn.ListenerWebSocket)
	_, err = server.ListenAndServeRawSocket(xconn.NetworkUnix, socket)
	return err
}

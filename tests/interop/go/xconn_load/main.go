// The client of xconn-go under load: xconn_load URL SECONDS. Does what bench/clients/load.ts does.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/xconnio/xconn-go"
)

const (
	inFlight = 64
	burst    = 500
)

type measured struct {
	Count      int64   `json:"count"`
	CPUMicros  float64 `json:"cpuMicros"`
	WallMillis float64 `json:"wallMillis"`
}

func cpu() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e3
}

func during(seconds float64, work func(isOver func() bool) int64) measured {
	started, used := time.Now(), cpu()
	end := started.Add(time.Duration(seconds * float64(time.Second)))
	isOver := func() bool { return !time.Now().Before(end) }
	count := int64(0)
	for {
		count += work(isOver)
		if isOver() {
			break
		}
	}
	return measured{count, cpu() - used, float64(time.Since(started).Microseconds()) / 1e3}
}

func main() {
	seconds, err := strconv.ParseFloat(os.Args[2], 64)
	if err != nil {
		panic(err)
	}
	client := xconn.Client{SerializerSpec: xconn.JSONSerializerSpec}
	session, err := client.Connect(context.Background(), os.Args[1], "realm1")
	if err != nil {
		panic(err)
	}
	text := strings.Repeat("x", 100)
	calls := func(isOver func() bool) int64 {
		var count atomic.Int64
		var lines sync.WaitGroup
		for range inFlight {
			lines.Add(1)
			go func() {
				defer lines.Done()
				for !isOver() {
					if response := session.Call("com.bench.echo").Arg(text).Do(); response.Err != nil {
						panic(response.Err)
					}
					count.Add(1)
				}
			}()
		}
		lines.Wait()
		return count.Load()
	}
	during(seconds/3, calls)
	called := during(seconds, calls)
	var received atomic.Int64
	whole := make(chan struct{}, 1)
	subscribed := session.Subscribe("com.bench.topic", func(_ *xconn.Event) {
		if received.Add(1)%burst == 0 {
			whole <- struct{}{}
		}
	}).Do()
	if subscribed.Err != nil {
		panic(subscribed.Err)
	}
	bursts := func(_ func() bool) int64 {
		if response := session.Call("com.bench.burst").Arg(burst).Do(); response.Err != nil {
			panic(response.Err)
		}
		<-whole
		return burst
	}
	during(seconds/3, bursts)
	events := during(seconds, bursts)
	line, err := json.Marshal(map[string]measured{"called": called, "events": events})
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

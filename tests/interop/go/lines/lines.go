// Package lines is what both Go peers share: the lines on stdin and stdout, and the values in them.
// See ../../README.md.
package lines

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"reflect"
	"runtime"
	"strconv"
	"sync"
)

// Credentials say who joins, and by what: the ticket, the secret or the private key in hexadecimal.
type Credentials struct {
	Method string `json:"method"`
	Authid string `json:"authid"`
	Secret string `json:"secret"`
}

// Request is one line from the tests.
type Request struct {
	ID         int64          `json:"id"`
	Do         string         `json:"do"`
	Session    string         `json:"session"`
	Transport  string         `json:"transport"`
	Host       string         `json:"host"`
	Port       int            `json:"port"`
	Path       string         `json:"path"`
	Socket     string         `json:"socket"`
	Realm      string         `json:"realm"`
	Serializer string         `json:"serializer"`
	Auth       *Credentials   `json:"auth"`
	Procedure  string         `json:"procedure"`
	Topic      string         `json:"topic"`
	Behaviour  string         `json:"behaviour"`
	Count      int            `json:"count"`
	Call       int64          `json:"call"`
	RawArgs    []any          `json:"args"`
	RawKwargs  map[string]any `json:"kwargs"`
	RawOptions map[string]any `json:"options"`
}

// Args are the positional arguments as Go values; `binary` turns bytes into what the library wants.
func (r *Request) Args(binary func([]byte) any) []any {
	args, _ := Untag(r.RawArgs, binary).([]any)
	return args
}

// Kwargs are the keyword arguments as Go values.
func (r *Request) Kwargs(binary func([]byte) any) map[string]any {
	if len(r.RawKwargs) == 0 {
		return nil
	}
	kwargs, _ := Untag(r.RawKwargs, binary).(map[string]any)
	return kwargs
}

// Options are WAMP options as Go values.
func (r *Request) Options() map[string]any {
	if r.RawOptions == nil {
		return map[string]any{}
	}
	options, _ := Untag(r.RawOptions, Bytes).(map[string]any)
	return options
}

// Refused is an answer that is WAMP's, not the library's or ours.
type Refused struct {
	URI    string
	Args   []any
	Kwargs map[string]any
}

func (r *Refused) Error() string { return r.URI }

// Dict is one line's object.
type Dict = map[string]any

var out sync.Mutex //nolint:gochecknoglobals

// Write writes one line.
func Write(line Dict) {
	text, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	out.Lock()
	defer out.Unlock()
	_, _ = os.Stdout.Write(append(text, '\n'))
}

// Stampede runs `action` `count` times at once, and tells the first trouble.
func Stampede(count int, action func(number int) error) error {
	errs := make(chan error, count)
	for number := range count {
		go func() { errs <- action(number) }()
	}
	var first error
	for range count {
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	return first
}

// Bytes leaves binary values as they are.
func Bytes(value []byte) any { return value }

// Untag turns a line's tagged values into Go's.
func Untag(value any, binary func([]byte) any) any {
	switch value := value.(type) {
	case json.Number:
		return number(value.String())
	case []any:
		list := make([]any, len(value))
		for i, item := range value {
			list[i] = Untag(item, binary)
		}
		return list
	case map[string]any:
		if text, ok := value["$int"].(string); ok {
			return number(text)
		}
		if text, ok := value["$float"].(string); ok {
			float, _ := strconv.ParseFloat(text, 64)
			return float
		}
		if text, ok := value["$bytes"].(string); ok {
			octets, _ := hex.DecodeString(text)
			return binary(octets)
		}
		if _, ok := value["$unserializable"]; ok {
			// No serializer takes an imaginary number
			return complex(0, 1)
		}
		dict := make(map[string]any, len(value))
		for key, item := range value {
			dict[key] = Untag(item, binary)
		}
		return dict
	default:
		return value
	}
}

func number(text string) any {
	if signed, err := strconv.ParseInt(text, 10, 64); err == nil {
		return signed
	}
	if unsigned, err := strconv.ParseUint(text, 10, 64); err == nil {
		return unsigned
	}
	float, _ := strconv.ParseFloat(text, 64)
	return float
}

const exact = 1<<53 - 1

// Tag turns Go's values into those of a line.
func Tag(value any) any {
	if value == nil {
		return nil
	}
	if octets, ok := value.([]byte); ok {
		return Dict{"$bytes": hex.EncodeToString(octets)}
	}
	v := reflect.ValueOf(value)
	switch v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if v.Int() > exact || v.Int() < -exact {
			return Dict{"$int": strconv.FormatInt(v.Int(), 10)}
		}
		return v.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if v.Uint() > exact {
			return Dict{"$int": strconv.FormatUint(v.Uint(), 10)}
		}
		return v.Uint()
	case reflect.Float32, reflect.Float64:
		if v.Float() == math.Trunc(v.Float()) {
			return Dict{"$float": strconv.FormatFloat(v.Float(), 'f', -1, 64)}
		}
		return v.Float()
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = Tag(v.Index(i).Interface())
		}
		return list
	case reflect.Map:
		dict := make(Dict, v.Len())
		for _, key := range v.MapKeys() {
			dict[fmt.Sprint(key.Interface())] = Tag(v.MapIndex(key).Interface())
		}
		return dict
	case reflect.String:
		return v.String()
	default:
		return value
	}
}

// Args tags positional arguments; none are an empty list.
func Args(args []any) []any {
	list, _ := Tag(args).([]any)
	if list == nil {
		return []any{}
	}
	return list
}

// Kwargs tags keyword arguments; none are an empty dictionary.
func Kwargs(kwargs map[string]any) Dict {
	if kwargs == nil {
		return Dict{}
	}
	dict, _ := Tag(kwargs).(Dict)
	return dict
}

// Serve reads requests until stdin ends; `actions` has one function per `do`.
func Serve(versions string, actions map[string]func(*Request) (Dict, error)) {
	Write(Dict{"note": "ready", "versions": versions + ", " + runtime.Version()})
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := input.ReadBytes('\n')
		if err != nil {
			return
		}
		request := &Request{}
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.UseNumber()
		if err := decoder.Decode(request); err != nil {
			panic(err)
		}
		go answer(request, actions[request.Do])
	}
}

func answer(request *Request, action func(*Request) (Dict, error)) {
	result, err := action(request)
	switch err := err.(type) {
	case nil:
		Write(Dict{"id": request.ID, "result": result})
	case *Refused:
		Write(Dict{"id": request.ID, "error": Dict{
			"uri": err.URI, "args": Args(err.Args), "kwargs": Kwargs(err.Kwargs),
		}})
	default:
		Write(Dict{"id": request.ID, "failed": err.Error()})
	}
}

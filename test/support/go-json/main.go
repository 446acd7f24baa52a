// Says how Go's encoding/json, with which dockerd reads its bodies, understands JSON documents. Standard library only.
//
// Standard input: documents, each behind its length in 4 bytes (big endian). Standard output: one line for each, a JSON
// object with the canonical form of three readings, or null where Go answers with an error: `value` into an empty
// interface, `map` into map[string]any, `struct` into the shape of dockerd's container create request.
//
// Canonical form: compact JSON, names sorted by their bytes, numbers by their source text, every string as the hex of
// its bytes.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"log"
	"os"
	"sort"
	"strings"
)

// The types are exported because Go sets no embedded pointer to an unexported one.

type Config struct {
	Image  string
	Labels map[string]string
}

type HostConfig struct {
	Privileged bool
	Binds      []string
	Memory     int64
}

// ContainerConfigWrapper stands for dockerd 20.10's: host settings count at the top level and under HostConfig.
type ContainerConfigWrapper struct {
	*Config
	InnerHostConfig *HostConfig `json:"HostConfig"`
	*HostConfig
}

type readings struct {
	Value  *string `json:"value"`
	Map    *string `json:"map"`
	Struct *string `json:"struct"`
}

func main() {
	in := bufio.NewReader(os.Stdin)
	for {
		var length uint32
		err := binary.Read(in, binary.BigEndian, &length)
		if err == io.EOF {
			return
		}
		check(err)
		document := make([]byte, length)
		_, err = io.ReadFull(in, document)
		check(err)
		line, err := json.Marshal(read(document))
		check(err)
		_, err = os.Stdout.Write(append(line, '\n'))
		check(err)
	}
}

func read(document []byte) readings {
	var value any
	var object map[string]any
	wrapper := ContainerConfigWrapper{Config: &Config{}, HostConfig: &HostConfig{}}
	var out readings
	if decode(document, &value) == nil {
		out.Value = canonical(value)
	}
	if decode(document, &object) == nil {
		out.Map = canonical(plain(object))
	}
	if decode(document, &wrapper) == nil {
		out.Struct = canonical(plain(wrapper))
	}
	return out
}

// decode reads as dockerd does: the first value only, whatever stands behind it.
func decode(document []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	return decoder.Decode(into)
}

// plain turns a value of any type into the one that reading its JSON into an empty interface gives.
func plain(value any) any {
	text, err := json.Marshal(value)
	check(err)
	var result any
	check(decode(text, &result))
	return result
}

func canonical(value any) *string {
	var out strings.Builder
	write(&out, value)
	text := out.String()
	return &text
}

func write(out *strings.Builder, value any) {
	switch value := value.(type) {
	case nil:
		out.WriteString("null")
	case bool:
		if value {
			out.WriteString("true")
		} else {
			out.WriteString("false")
		}
	case json.Number:
		out.WriteString(value.String())
	case string:
		writeString(out, value)
	case []any:
		out.WriteByte('[')
		for i, item := range value {
			if i > 0 {
				out.WriteByte(',')
			}
			write(out, item)
		}
		out.WriteByte(']')
	case map[string]any:
		names := make([]string, 0, len(value))
		for name := range value {
			names = append(names, name)
		}
		sort.Strings(names)
		out.WriteByte('{')
		for i, name := range names {
			if i > 0 {
				out.WriteByte(',')
			}
			writeString(out, name)
			out.WriteByte(':')
			write(out, value[name])
		}
		out.WriteByte('}')
	default:
		log.Fatalf("no canonical form for %T", value)
	}
}

func writeString(out *strings.Builder, text string) {
	out.WriteByte('"')
	out.WriteString(hex.EncodeToString([]byte(text)))
	out.WriteByte('"')
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

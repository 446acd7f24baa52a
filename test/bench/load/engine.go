package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
)

const (
	jsonHead = "Content-Type: application/json\r\n"
	about    = "Api-Version: 1.51\r\nDocker-Experimental: false\r\nOstype: linux\r\nServer: Docker/28.3.3 (linux)\r\n"
	chunk    = 256 << 10
)

var (
	ping      = answer(200, "Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-cache, no-store, must-revalidate\r\nPragma: no-cache\r\n", "OK")
	twenty    = answer(200, jsonHead, list(20))
	thousand  = answer(200, jsonHead, list(1000))
	inspected = answer(200, jsonHead, text(container(0)))
	image     = answer(200, jsonHead, `{"Id":"sha256:1","RepoTags":["alpine:latest"],"Config":{"Labels":{}}}`)
	created   = answer(201, jsonHead, `{"Id":"`+id(12)+`","Warnings":[]}`)
	loaded    = answer(200, jsonHead, `{"stream":"Loaded image: alpine:latest"}`)
	missing   = answer(404, jsonHead, `{"message":"page not found"}`)
	hijacked  = []byte("HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
	events    = []byte("HTTP/1.1 200 OK\r\n" + jsonHead + about + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")
	zeros     = make([]byte, chunk)
)

// asked is how many requests came so far; `GET /bench/requests` says it, and does not count.
var asked int64

// It proves nothing about Docker: it knows the few requests that the bench sends, and what the gate asks about them.
func serveEngine(socket string) {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ready")
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go serveConnection(conn)
	}
}

func serveConnection(conn net.Conn) {
	defer conn.Close()
	reader := bufio.NewReaderSize(conn, 16<<10)
	for {
		head, err := readHead(reader)
		if err != nil {
			return
		}
		if skipBody(conn, reader, head) != nil || respond(conn, reader, head) != nil || head.closes {
			return
		}
	}
}

func respond(conn net.Conn, reader *bufio.Reader, head *head) error {
	path, query, _ := strings.Cut(head.target, "?")
	if path == "/bench/requests" {
		return send(conn, answer(200, jsonHead, strconv.FormatInt(atomic.LoadInt64(&asked), 10)))
	}
	atomic.AddInt64(&asked, 1)
	switch {
	case strings.HasSuffix(path, "/_ping"):
		return send(conn, ping)
	case strings.HasSuffix(path, "/containers/json"):
		if strings.Contains(query, "limit=1000") {
			return send(conn, thousand)
		}
		return send(conn, twenty)
	case strings.HasSuffix(path, "/create"):
		return send(conn, created)
	case strings.HasSuffix(path, "/load"):
		return send(conn, loaded)
	case strings.Contains(path, "/images/"):
		return send(conn, image)
	case strings.HasSuffix(path, "/json"):
		return send(conn, inspected)
	case strings.HasSuffix(path, "/export"):
		return export(conn, path)
	case strings.HasSuffix(path, "/attach"):
		return echo(conn, reader)
	case strings.HasSuffix(path, "/events"):
		if err := send(conn, events); err != nil {
			return err
		}
		_, err := reader.ReadByte() // Until the other side goes away.
		return err
	}
	return send(conn, missing)
}

// export sends as many bytes as the container's name says: `size-1048576`.
func export(conn net.Conn, path string) error {
	name := strings.TrimSuffix(path[strings.Index(path, "size-")+5:], "/export")
	size, err := strconv.ParseInt(name, 10, 64)
	if err != nil {
		return send(conn, missing)
	}
	fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n%sContent-Length: %d\r\n\r\n", about, size)
	return sendZeros(conn, size)
}

func echo(conn net.Conn, reader *bufio.Reader) error {
	if err := send(conn, hijacked); err != nil {
		return err
	}
	buffer := make([]byte, chunk)
	for {
		// Through the reader, which hands large reads straight to the connection once its own buffer is empty.
		count, err := reader.Read(buffer)
		if err != nil {
			return err
		}
		if err := send(conn, buffer[:count]); err != nil {
			return err
		}
	}
}

func answer(status int, headers string, body string) []byte {
	return []byte(fmt.Sprintf("HTTP/1.1 %d Status\r\n%s%sContent-Length: %d\r\n\r\n%s", status, headers, about, len(body), body))
}

func send(conn net.Conn, bytes []byte) error {
	_, err := conn.Write(bytes)
	return err
}

func sendZeros(conn io.Writer, size int64) error {
	for size > 0 {
		part := zeros
		if size < chunk {
			part = zeros[:size]
		}
		count, err := conn.Write(part)
		if err != nil {
			return err
		}
		size -= int64(count)
	}
	return nil
}

func list(count int) string {
	all := make([]any, count)
	for index := range all {
		all[index] = container(index)
	}
	return text(all)
}

// container is about 1.2 KB; every twentieth is the owner's of the bench, whatever filters say.
func container(index int) map[string]any {
	owner := fmt.Sprintf("acme/other-%d", index)
	if index%20 == 0 {
		owner = "acme/app"
	}
	labels := map[string]string{
		"com.example.build":     strconv.Itoa(index),
		"io.dockgate.owner":     owner,
		"io.dockgate.principal": "local/bench",
		"io.dockgate.record":    fmt.Sprintf("%016d", index),
	}
	return map[string]any{
		"Id": id(index), "Names": []string{fmt.Sprintf("/container-%d", index)},
		"Image": "registry.example.com/team/application:1.2.3", "ImageID": "sha256:1", "Command": "node server.js",
		"Created": 1700000000 + index, "State": "running", "Status": "Up 5 minutes", "Labels": labels,
		"Config":     map[string]any{"Labels": labels},
		"HostConfig": map[string]any{"NetworkMode": "default"},
		"Ports":      []any{map[string]any{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 10000 + index, "Type": "tcp"}},
		"NetworkSettings": map[string]any{"Networks": map[string]any{"bridge": map[string]any{
			"NetworkID": id(index), "EndpointID": id(index), "Gateway": "172.17.0.1", "IPAddress": "172.17.0.2"}}},
		"Mounts": []any{map[string]any{"Type": "volume", "Name": id(index), "Source": "", "Destination": "/data",
			"Driver": "local", "Mode": "", "RW": true, "Propagation": ""}},
	}
}

func id(index int) string {
	return fmt.Sprintf("%064x", index)
}

func text(value any) string {
	var buffer bytes.Buffer
	if err := json.NewEncoder(&buffer).Encode(value); err != nil {
		log.Fatal(err)
	}
	return buffer.String()
}

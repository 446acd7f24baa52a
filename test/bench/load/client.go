package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"time"
)

// job is one line of the client's input. Each goes through three steps, of which each ends with a line of output:
// connections and warm-up ("ready"), after the line "go" the work itself (a result), after "end" it lets go ("ended").
type job struct {
	Kind        string // requests, handshakes, hijack, streams
	Network     string // tcp, unix
	Address     string
	TLS         *material
	Connections int
	Millis      int // how long; or
	Count       int // how many in all, when not 0
	WarmUp      int // milliseconds
	Head        string
	Body        string
	Upload      int64 // bytes of zeros after the head; or what is echoed
	Expect      int   // status
	Pace        int   // milliseconds from one request of a connection to its next; 0 is at once
	Resume      bool  // TLS sessions
}

type material struct {
	CA, Certificate, Key string // PEM
}

type result struct {
	Done    int     // requests, handshakes, streams
	Bytes   int64   // of bodies
	Seconds float64 // from the first to the last
	P50     float64 // microseconds, as all that follow
	P90     float64
	P99     float64
	Worst   float64
	Resumed int
	Error   string
}

type step func() (result, error)

// runClient ends with its input.
func runClient(input io.Reader, output io.Writer) {
	lines := bufio.NewReaderSize(input, 1<<20)
	say := func(value any) {
		text, _ := json.Marshal(value)
		fmt.Fprintf(output, "%s\n", text)
	}
	next := func() []byte {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return nil
		}
		return line
	}
	for {
		line := next()
		if line == nil {
			return
		}
		var wanted job
		if err := json.Unmarshal(line, &wanted); err != nil {
			log.Fatal(err)
		}
		work, end, err := prepare(&wanted)
		say(result{Error: message(err)})
		if next() == nil {
			return
		}
		if err == nil {
			done, err := work()
			done.Error = message(err)
			say(done)
		} else {
			say(result{Error: message(err)})
		}
		if next() == nil {
			return
		}
		end()
		say(result{})
	}
}

func prepare(wanted *job) (step, func(), error) {
	none := func() {}
	secure, err := wanted.secure()
	if err != nil {
		return nil, none, err
	}
	dial := func() (net.Conn, error) {
		conn, err := net.DialTimeout(wanted.Network, wanted.Address, 10*time.Second)
		if err != nil || secure == nil {
			return conn, err
		}
		return tls.Client(conn, secure), nil
	}
	switch wanted.Kind {
	case "requests":
		return prepareRequests(wanted, dial)
	case "handshakes":
		return prepareHandshakes(wanted, dial)
	case "hijack":
		return prepareHijack(wanted, dial)
	case "streams":
		return prepareStreams(wanted, dial)
	}
	return nil, none, fmt.Errorf("no such kind: %s", wanted.Kind)
}

func (wanted *job) secure() (*tls.Config, error) {
	if wanted.TLS == nil {
		return nil, nil
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(wanted.TLS.CA)) {
		return nil, fmt.Errorf("no certificate of an authority")
	}
	config := &tls.Config{RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS13}
	if wanted.Resume {
		config.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	}
	if wanted.TLS.Certificate == "" {
		return config, nil
	}
	pair, err := tls.X509KeyPair([]byte(wanted.TLS.Certificate), []byte(wanted.TLS.Key))
	config.Certificates = []tls.Certificate{pair}
	return config, err
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

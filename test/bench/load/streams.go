package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// prepareHandshakes: each connection is opened, asks once and is closed, so that what a server does after the handshake
// (session tickets) is in the figure.
func prepareHandshakes(wanted *job, dial dialer) (step, func(), error) {
	one := func(tally *line) error {
		began := time.Now()
		fresh := &line{dial: dial, send: []byte(wanted.Head), job: wanted}
		if err := fresh.ask(); err != nil {
			return err
		}
		tally.took = append(tally.took, int64(time.Since(began)))
		if fresh.conn == nil {
			return nil
		}
		if conn, ok := fresh.conn.(*tls.Conn); ok && conn.ConnectionState().DidResume {
			tally.bytes++
		}
		return fresh.conn.Close()
	}
	tallies := make([]*line, wanted.Connections)
	for index := range tallies {
		tallies[index] = &line{}
	}
	// The first of a session cache makes the session that the others resume.
	if err := one(&line{}); err != nil {
		return nil, func() {}, err
	}
	work := func() (result, error) {
		began := time.Now()
		until := began.Add(time.Duration(wanted.Millis) * time.Millisecond)
		err := each(tallies, func(tally *line) error {
			for time.Now().Before(until) {
				if err := one(tally); err != nil {
					return err
				}
			}
			return nil
		})
		done := summary(tallies, time.Since(began))
		done.Resumed, done.Bytes = int(done.Bytes), 0
		return done, err
	}
	return work, func() {}, nil
}

// prepareHijack upgrades one connection; the work is to send so many bytes and read them back.
func prepareHijack(wanted *job, dial dialer) (step, func(), error) {
	conn, reader, err := open(wanted, dial, 101)
	if err != nil {
		return nil, func() {}, err
	}
	work := func() (result, error) {
		began := time.Now()
		var group sync.WaitGroup
		group.Add(1)
		var failed error
		go func() {
			defer group.Done()
			failed = sendZeros(conn, wanted.Upload)
		}()
		err := skip(conn, reader, wanted.Upload)
		group.Wait()
		if err == nil {
			err = failed
		}
		return result{Done: 1, Bytes: wanted.Upload, Seconds: time.Since(began).Seconds()}, err
	}
	return work, func() { conn.Close() }, nil
}

const lanesOfStreams = 100

// prepareStreams: the work is to open so many streams and read the first chunk of each; they stay open until the end.
func prepareStreams(wanted *job, dial dialer) (step, func(), error) {
	conns, begun := []net.Conn{}, 0
	end := func() {
		for _, conn := range conns {
			conn.Close()
		}
	}
	// Many at once: HAProxy holds the first small chunk of each for 200 ms.
	lanes := make([]int, lanesOfStreams)
	work := func() (result, error) {
		began := time.Now()
		var lock sync.Mutex
		err := each(lanes, func(int) error {
			for {
				lock.Lock()
				wants := begun < wanted.Connections
				begun++
				lock.Unlock()
				if !wants {
					return nil
				}
				conn, err := openStream(wanted, dial)
				if err != nil {
					return err
				}
				lock.Lock()
				conns = append(conns, conn)
				lock.Unlock()
			}
		})
		return result{Done: len(conns), Seconds: time.Since(began).Seconds()}, err
	}
	return work, end, nil
}

func openStream(wanted *job, dial dialer) (net.Conn, error) {
	conn, reader, err := open(wanted, dial, wanted.Expect)
	if err == nil {
		_, err = reader.ReadByte()
	}
	return conn, err
}

func open(wanted *job, dial dialer, expect int) (net.Conn, *bufio.Reader, error) {
	conn, err := dial()
	if err != nil {
		return nil, nil, err
	}
	if _, err := io.WriteString(conn, wanted.Head); err != nil {
		return nil, nil, err
	}
	reader := bufio.NewReaderSize(conn, 4<<10)
	head, err := readHead(reader)
	if err != nil {
		return nil, nil, err
	}
	if head.status != expect {
		return nil, nil, fmt.Errorf("status %d, not %d", head.status, expect)
	}
	return conn, reader, nil
}

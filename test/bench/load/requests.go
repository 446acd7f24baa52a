package main

import (
	"bufio"
	"fmt"
	"math/rand"
	"net"
	"sort"
	"sync"
	"time"
)

type dialer func() (net.Conn, error)

// line is one connection that is kept alive; one that the other side closes after an answer is opened again.
type line struct {
	dial   dialer
	conn   net.Conn
	reader *bufio.Reader
	send   []byte
	job    *job
	took   []int64 // nanoseconds
	bytes  int64
}

func (line *line) connect() error {
	conn, err := line.dial()
	if err != nil {
		return err
	}
	line.conn = conn
	line.reader = bufio.NewReaderSize(conn, 16<<10)
	return nil
}

func (line *line) ask() error {
	if line.conn == nil {
		if err := line.connect(); err != nil {
			return err
		}
	}
	if _, err := line.conn.Write(line.send); err != nil {
		return err
	}
	if err := sendZeros(line.conn, line.job.Upload); err != nil {
		return err
	}
	head, err := readHead(line.reader)
	if err != nil {
		return err
	}
	if head.status != line.job.Expect {
		rest := make([]byte, 300)
		count, _ := line.reader.Read(rest)
		return fmt.Errorf("status %d, not %d: %s", head.status, line.job.Expect, rest[:count])
	}
	if err := skipBody(line.conn, line.reader, head); err != nil {
		return err
	}
	line.bytes += line.job.Upload
	if head.length > 0 {
		line.bytes += head.length
	}
	if head.closes {
		line.conn.Close()
		line.conn = nil
	}
	return nil
}

// run asks until the time is up or the count is reached, and notes what each took.
func (line *line) run(until time.Time, count int) error {
	pace := time.Duration(line.job.Pace) * time.Millisecond
	// Many with one pace do not all ask at the same moment.
	next := time.Now().Add(time.Duration(rand.Int63n(int64(pace) + 1)))
	for ; count != 0; count-- {
		if pace > 0 {
			// From when it was due, not from when it went out: what waited behind a slow one counts as slow.
			time.Sleep(time.Until(next))
		} else {
			next = time.Now()
		}
		if !next.Before(until) {
			return nil
		}
		if err := line.ask(); err != nil {
			return err
		}
		line.took = append(line.took, int64(time.Since(next)))
		next = next.Add(pace)
	}
	return nil
}

func prepareRequests(wanted *job, dial dialer) (step, func(), error) {
	lines := make([]*line, wanted.Connections)
	for index := range lines {
		lines[index] = &line{dial: dial, send: []byte(wanted.Head + wanted.Body), job: wanted}
	}
	end := func() {
		for _, line := range lines {
			if line.conn != nil {
				line.conn.Close()
			}
		}
	}
	warm := time.Now().Add(time.Duration(wanted.WarmUp) * time.Millisecond)
	if err := each(lines, func(line *line) error {
		err := line.connect()
		if err == nil && wanted.WarmUp > 0 {
			err = line.run(warm, -1)
		}
		line.took, line.bytes = make([]int64, 0, 1<<12), 0
		return err
	}); err != nil {
		return nil, end, err
	}
	work := func() (result, error) {
		began := time.Now()
		until, count := began.Add(time.Duration(wanted.Millis)*time.Millisecond), -1
		if wanted.Count > 0 {
			until, count = began.Add(time.Hour), wanted.Count/len(lines)
		}
		err := each(lines, func(line *line) error { return line.run(until, count) })
		return summary(lines, time.Since(began)), err
	}
	return work, end, nil
}

func summary(lines []*line, took time.Duration) result {
	all := []int64{}
	done := result{Seconds: took.Seconds()}
	for _, line := range lines {
		all = append(all, line.took...)
		done.Bytes += line.bytes
	}
	done.Done = len(all)
	done.percentiles(all)
	return done
}

func (done *result) percentiles(all []int64) {
	if len(all) == 0 {
		return
	}
	sort.Slice(all, func(a, b int) bool { return all[a] < all[b] })
	at := func(part float64) float64 { return float64(all[int(part*float64(len(all)-1))]) / 1000 }
	done.P50, done.P90, done.P99, done.Worst = at(0.5), at(0.9), at(0.99), at(1)
}

// each does it for all at once, and gives the first error.
func each[T any](all []T, do func(T) error) error {
	var group sync.WaitGroup
	errors := make(chan error, len(all))
	for _, one := range all {
		group.Add(1)
		go func(one T) {
			defer group.Done()
			errors <- do(one)
		}(one)
	}
	group.Wait()
	close(errors)
	for err := range errors {
		if err != nil {
			return err
		}
	}
	return nil
}

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
)

// head is what both ends need to know of a request or an answer.
type head struct {
	target  string // of a request
	status  int    // of an answer
	length  int64  // -1 when it has none
	chunked bool
	closes  bool
}

// readHead reads one head, of which it keeps nothing but what is in `head`: a parser for HTTP/1.1 as proxies write it.
func readHead(reader *bufio.Reader) (*head, error) {
	line, err := reader.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	words := bytes.Fields(line)
	if len(words) < 2 {
		return nil, fmt.Errorf("no first line: %q", line)
	}
	head := &head{length: -1, target: string(words[1])}
	head.status, _ = strconv.Atoi(head.target)
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		name, value, found := bytes.Cut(line, []byte(":"))
		if !found {
			return head, nil
		}
		value = bytes.TrimSpace(value)
		switch {
		case is(name, "content-length"):
			if head.length, err = strconv.ParseInt(string(value), 10, 64); err != nil {
				return nil, err
			}
		case is(name, "transfer-encoding"):
			head.chunked = is(value, "chunked")
		case is(name, "connection"):
			head.closes = is(value, "close")
		}
	}
}

func is(value []byte, word string) bool {
	return len(value) == len(word) && bytes.EqualFold(value, []byte(word))
}

// skipBody reads the body and says how it ended; a body without a length is none.
func skipBody(conn io.Reader, reader *bufio.Reader, head *head) error {
	if !head.chunked {
		return skip(conn, reader, head.length)
	}
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 64)
		if err != nil {
			return err
		}
		if err := skip(conn, reader, size+2); err != nil || size == 0 {
			return err
		}
	}
}

// skip takes the greater part of a large body past the reader's small buffer.
func skip(conn io.Reader, reader *bufio.Reader, size int64) error {
	if size <= 0 {
		return nil
	}
	held := least(int64(reader.Buffered()), size)
	if _, err := reader.Discard(int(held)); err != nil {
		return err
	}
	size -= held
	if size < chunk {
		_, err := reader.Discard(int(size))
		return err
	}
	buffer := make([]byte, chunk)
	for size > 0 {
		count, err := conn.Read(buffer[:least(size, chunk)])
		if err != nil {
			return err
		}
		size -= int64(count)
	}
	return nil
}

// least is `min`, which Debian's Go does not have yet.
func least(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}

// Says how Go's archive/tar, with which dockerd reads archives, understands them. Standard library only.
//
// Standard input: archives, each behind its length in 4 bytes (big endian). Standard output: one line for each, a JSON
// object with the entries that were read and Go's error, if any. Text is hex, times are nanoseconds since 1970.
package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log"
	"math/big"
	"os"
	"strings"
	"time"
)

type entry struct {
	Name, Link, User, Group string
	Type                    string
	Mode, UID, GID, Size    int64
	Modified, Accessed      string
	Attributes              map[string]string
	Content                 string
}

type reading struct {
	Entries []entry
	Error   string
}

func main() {
	input := bufio.NewReader(os.Stdin)
	output := json.NewEncoder(os.Stdout)
	for {
		var length uint32
		if err := binary.Read(input, binary.BigEndian, &length); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		archive := make([]byte, length)
		if _, err := io.ReadFull(input, archive); err != nil {
			log.Fatal(err)
		}
		if err := output.Encode(read(archive)); err != nil {
			log.Fatal(err)
		}
	}
}

func read(archive []byte) reading {
	found := reading{Entries: []entry{}}
	reader := tar.NewReader(bytes.NewReader(archive))
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			found.Error = err.Error()
			return found
		}
		// The engine leaves it out.
		if header.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		content := sha256.New()
		if _, err := io.Copy(content, reader); err != nil {
			found.Error = err.Error()
			return found
		}
		found.Entries = append(found.Entries, describe(header, hex.EncodeToString(content.Sum(nil))))
	}
}

func describe(header *tar.Header, content string) entry {
	attributes := map[string]string{}
	for name, value := range header.PAXRecords {
		if rest, ok := strings.CutPrefix(name, "SCHILY.xattr."); ok {
			attributes[hex.EncodeToString([]byte(rest))] = hex.EncodeToString([]byte(value))
		}
	}
	accessed := ""
	if !header.AccessTime.IsZero() {
		accessed = nanoseconds(header.AccessTime)
	}
	return entry{
		Name:       hex.EncodeToString([]byte(header.Name)),
		Link:       hex.EncodeToString([]byte(header.Linkname)),
		User:       hex.EncodeToString([]byte(header.Uname)),
		Group:      hex.EncodeToString([]byte(header.Gname)),
		Type:       string(rune(header.Typeflag)),
		Mode:       header.Mode,
		UID:        int64(header.Uid),
		GID:        int64(header.Gid),
		Size:       header.Size,
		Modified:   nanoseconds(header.ModTime),
		Accessed:   accessed,
		Attributes: attributes,
		Content:    content,
	}
}

// As UnixNano, without its bounds.
func nanoseconds(at time.Time) string {
	seconds := new(big.Int).Mul(big.NewInt(at.Unix()), big.NewInt(int64(time.Second)))
	return seconds.Add(seconds, big.NewInt(int64(at.Nanosecond()))).String()
}

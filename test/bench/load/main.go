// The two ends of a bench, each in a process of its own: `load engine SOCKET` answers like an engine that has nothing to
// do, `load client` asks as its standard input tells it. Go's standard library only. One processor each, so that neither
// takes the core of what is measured for longer than it needs.
package main

import (
	"log"
	"os"
	"runtime"
	"runtime/debug"
)

func main() {
	log.SetFlags(0)
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(800)
	switch {
	case len(os.Args) == 3 && os.Args[1] == "engine":
		serveEngine(os.Args[2])
	case len(os.Args) == 2 && os.Args[1] == "client":
		runClient(os.Stdin, os.Stdout)
	default:
		log.Fatal("usage: load engine SOCKET | load client")
	}
}

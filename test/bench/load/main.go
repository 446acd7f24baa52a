// The two ends of a bench, each in a process of its own: `load engine SOCKET` answers like an engine that has nothing to
// do, `load client` asks as its standard input tells it. One processor each, so that neither takes the core of what is
// measured for longer than it needs. And what is measured beside the gate: `load reverse-proxy ADDRESS SOCKET` and
// `load round-trip ADDRESS SOCKET` (proxies.go), with everything as Go has it. Go's standard library only.
package main

import (
	"log"
	"os"
	"runtime"
	"runtime/debug"
)

func main() {
	log.SetFlags(0)
	switch {
	case len(os.Args) == 3 && os.Args[1] == "engine":
		spare()
		serveEngine(os.Args[2])
	case len(os.Args) == 2 && os.Args[1] == "client":
		spare()
		runClient(os.Stdin, os.Stdout)
	case len(os.Args) == 4 && os.Args[1] == "reverse-proxy":
		reverseProxy(os.Args[2], os.Args[3])
	case len(os.Args) == 4 && os.Args[1] == "round-trip":
		roundTrip(os.Args[2], os.Args[3])
	default:
		log.Fatal("usage: load engine SOCKET | client | reverse-proxy ADDRESS SOCKET | round-trip ADDRESS SOCKET")
	}
}

func spare() {
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(800)
}

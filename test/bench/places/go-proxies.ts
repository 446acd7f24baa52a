import path from 'node:path'
import { buildGoProgram } from '../../support/go-program.ts'
import { freePort, onPort, type Place, startProgram } from './place.ts'

const LOAD = path.join(import.meta.dirname, '../load')

function standIn(name: string, mode: 'reverse-proxy' | 'round-trip', about: string): Place {
  return {
    name,
    ways: [name],
    about,
    missing: () => null,
    async start({ folder, socket }) {
      const port = await freePort()
      const running = await startProgram([buildGoProgram(LOAD), mode, `127.0.0.1:${port}`, socket], folder, port)
      return { ...running, ways: [{ name, target: onPort(port), headers: '' }] }
    },
  }
}

/**
 * Stand-ins for the Go proxies that people put before the socket: the programs themselves cannot be had on every machine
 * (`--peer` measures them where they are at hand). The two forward in different ways.
 */
export const GO_PROXIES: readonly Place[] = [
  standIn(
    'go-reverseproxy',
    'reverse-proxy',
    "a stand-in built like wollomatic/socket-proxy, not the program itself: Go's `httputil.ReverseProxy`, a regular expression for each method, no authentication, no record of what is allowed",
  ),
  standIn(
    'go-roundtrip',
    'round-trip',
    "a stand-in built like CetusGuard, not the program itself: Go's `http.Transport` and `io.Copy`, a list of rules with regular expressions, no authentication, no record of what is allowed",
  ),
]

import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'

const SRC = path.join(import.meta.dirname, '../../src')
/** What a request goes through. */
const ROOMS = ['audit', 'engine', 'forward', 'gate', 'identity', 'inspect', 'listen', 'objects', 'policy']
/** `a.b = () => …`, `this.#b = (c) => …`, `a.b = function …` */
const ASSIGNED = /\.#?\w+ (?:\?\?|\|\|)?= (?:async )?(?:\([^()]*\)(?:: \w+)? =>|\w+ =>|function\b)/
/** Those of a socket to the engine last as long as it does. */
const OF_CONNECTIONS = /socket\._(?:write|writev|final) = /

/**
 * V8 takes a function that is written behind `object.name =` for a method of something lasting, and makes it old at once. Made
 * for each request, it keeps all that its request made until the next full collection: each small collection then copied
 * megabytes, and the gate had three times the memory. Through a variable the same function is made young.
 */
it('assigns no function to a property as it is written, where requests pass', () => {
  const files = ROOMS.flatMap((room) =>
    readdirSync(path.join(SRC, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => path.join(SRC, room, name)),
  )
  expect(files.length).toBeGreaterThan(100)
  const found = files.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => ASSIGNED.test(line) && !OF_CONNECTIONS.test(line))
      .map((line) => `${path.relative(SRC, file)}: ${line.trim()}`),
  )
  expect(found).toEqual([])
})

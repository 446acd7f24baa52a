import { readdirSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { docker, killGroup, type Route, runClient, startClient } from '../support/docker-client.ts'
import type { Comparison } from './compare.ts'

/** Kept-alive connections to the engine may outlive their last request by some seconds, abandoned handshakes by ten. */
const SETTLES = { timeout: 60_000, interval: 100 }

const openFiles = () => readdirSync('/proc/self/fd').length

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
const heap = () => {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

/** The gate runs in this process, so what this process holds is what the gate holds. */
export function leakTests(parts: Comparison): void {
  describe('what ended sessions leave behind', () => {
    const route = (): Route => parts.gate().routes['tls+token']
    beforeAll(async () => {
      await docker(route(), ['run', '-d', '-i', '--name', 'leaks', '--net', 'none', 'busybox:test', 'cat'])
    })
    afterAll(async () => {
      await docker(route(), ['rm', '--force', 'leaks'])
    })

    const hundredExecs = async () => {
      const script = 'seq 100 | xargs -P 4 -I{} docker exec leaks echo {} | wc -l'
      expect(await runClient(route(), ['bash', '-c', script])).toEqual({ stdout: '100\n', stderr: '', code: 0 })
    }

    it('is no file descriptor and no memory after 200 exec sessions', async () => {
      const before = openFiles()
      await hundredExecs()
      await expect.poll(openFiles, SETTLES).toBeLessThanOrEqual(before)
      const halfway = heap()
      await hundredExecs()
      await expect.poll(openFiles, SETTLES).toBeLessThanOrEqual(before)
      expect((heap() - halfway) / 100).toBeLessThan(16 * 1024)
    }, 180_000)

    it('is no file descriptor after 50 streams whose client was killed', async () => {
      const before = openFiles()
      const streams = [
        ['logs', '--follow', 'leaks'],
        ['events'],
        ['exec', '-i', 'leaks', 'cat'],
        ['attach', '--no-stdin', 'leaks'],
        ['wait', 'leaks'],
      ]
      const clients = Array.from({ length: 50 }, (_, index) =>
        startClient(route(), ['docker', ...(streams[index % streams.length] ?? [])]),
      )
      const mine = () => openFiles() - 3 * clients.length
      // One descriptor for the client's connection and one for the engine's, beside the three pipes of each client here.
      await expect.poll(mine, SETTLES).toBeGreaterThanOrEqual(before + 2 * clients.length)
      for (const client of clients) {
        killGroup(client)
        client.stdin.destroy()
      }
      // Who had half-closed before he died is found out at the next byte for him (or by a probe of his kernel, minutes later).
      await docker(route(), ['exec', 'leaks', 'sh', '-c', 'echo word > /proc/1/fd/1'])
      await expect.poll(openFiles, SETTLES).toBeLessThanOrEqual(before)
    }, 180_000)
  })
}

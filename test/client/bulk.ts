import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { docker, runClient, temporaryDirectory } from '../support/docker-client.ts'
import type { Comparison } from './compare.ts'
import type { RouteName } from './observe.ts'

/** The routes of `run` and of `exec`. Both are carried alike, so that each route is taken by one of them on an engine, not by both. */
export interface BulkRoutes {
  readonly run: readonly RouteName[]
  readonly exec: readonly RouteName[]
}

/** 200 MB go in and come back at the same time, with equal checksums. */
export function bulkTests(parts: Comparison, routes: BulkRoutes): void {
  describe('200 MB each way', () => {
    let folder: ReturnType<typeof temporaryDirectory>
    let checksum = ''
    beforeAll(() => {
      folder = temporaryDirectory('bulk')
      const made = spawnSync('sh', ['-c', 'head -c 200M /dev/urandom >data; md5sum <data'], { cwd: folder.path })
      checksum = made.stdout.toString()
    })
    afterAll(() => folder.remove())

    it.each(routes.run)('arrive whole through run -i (%s)', async (name) => {
      const script = 'docker run --rm -i --net none --log-driver none busybox:test cat <data | md5sum'
      const outcome = await runClient(parts.gate().routes[name], ['bash', '-c', script], { cwd: folder.path })
      expect(outcome).toEqual({ stdout: checksum, stderr: '', code: 0 })
    })

    it.each(routes.exec)('arrive whole through exec -i (%s)', async (name) => {
      const route = parts.gate().routes[name]
      await docker(route, ['run', '-d', '--name', 'bulk', '--net', 'none', 'busybox:test', 'sleep', '1000'])
      const outcome = await runClient(route, ['bash', '-c', 'docker exec -i bulk cat <data | md5sum'], {
        cwd: folder.path,
      })
      await docker(route, ['rm', '--force', 'bulk'])
      expect(outcome).toEqual({ stdout: checksum, stderr: '', code: 0 })
    })
  })
}

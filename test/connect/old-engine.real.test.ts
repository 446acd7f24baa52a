import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { useEngineAndGate } from '../client/compare.ts'
import { images } from '../client/steps/images.ts'
import { curl, python } from '../client/steps/others.ts'
import { run as allOfRun } from '../client/steps/run.ts'
import { streams } from '../client/steps/streams.ts'
import { runClient, temporaryDirectory } from '../support/docker-client.ts'
import { openLocal, throughLocalSocket } from './through.ts'

/** The steps that attach: what the others ask for is one request, which the local socket carries like those of images. */
const ATTACHED = /^(output|--rm|the exit statuses|exit status 137|-i|without -i|-t|200,000|Ctrl-C|-d prints)/
const run = { ...allOfRun, steps: allOfRun.steps.filter(({ name }) => ATTACHED.test(name)) }

const parts = useEngineAndGate('old')
throughLocalSocket(parts, [run, streams, images, curl, python])

it('brings 50 MB in and out by docker cp, whole', async () => {
  const folder = temporaryDirectory('fifty')
  const local = await openLocal(parts.gate())
  try {
    const made = spawnSync('sh', ['-c', 'head -c 50M /dev/urandom >data; md5sum <data'], { cwd: folder.path })
    const script = `docker create --name fifty busybox:test true >/dev/null
docker cp --quiet data fifty:/data && docker cp --quiet fifty:/data back; docker rm fifty >/dev/null; md5sum <back`
    const outcome = await runClient(local.route, ['bash', '-c', script], { cwd: folder.path })
    expect(outcome).toEqual({ stdout: made.stdout.toString(), stderr: '', code: 0 })
  } finally {
    local.close()
    folder.remove()
  }
})

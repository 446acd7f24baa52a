import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import Docker, { type Container } from 'dockerode'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { useEngineAndGate } from '../client/compare.ts'
import { temporaryDirectory } from '../support/docker-client.ts'
import { BASE_IMAGE } from '../support/engines.ts'
import { type LocalSocket, openLocal } from './through.ts'

const parts = useEngineAndGate('old')
let local: LocalSocket
let folder: ReturnType<typeof temporaryDirectory>
beforeAll(async () => {
  local = await openLocal(parts.gate())
  folder = temporaryDirectory('dockerode')
})
afterAll(() => {
  local?.close()
  folder?.remove()
})

/** What dockerode does and sees on the engine's own socket, and then through the local socket and the gate: the same. */
async function alike<T>(act: (docker: Docker) => Promise<T>): Promise<T> {
  const seen: T[] = []
  for (const host of [parts.engine().socket, local.route.environment.DOCKER_HOST?.slice('unix://'.length) ?? '']) {
    seen.push(await act(new Docker({ socketPath: host })))
  }
  expect(seen[1]).toEqual(seen[0])
  return seen[1] as T
}

const asked = { Image: BASE_IMAGE, HostConfig: { NetworkMode: 'none' } }

/** Makes a container that is removed whatever becomes of it. */
async function within<T>(docker: Docker, options: object, act: (container: Container) => Promise<T>): Promise<T> {
  const container = await docker.createContainer({ ...asked, ...options })
  try {
    return await act(container)
  } finally {
    await container.remove({ force: true })
  }
}

function gathered(stream: Readable): { text(): string } {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return { text: () => Buffer.concat(chunks).toString() }
}

/** What comes of a multiplexed stream on each of its sides, to its end. */
async function demuxed(docker: Docker, stream: Readable): Promise<{ stdout: string; stderr: string }> {
  const sides = { stdout: new PassThrough(), stderr: new PassThrough() }
  const [stdout, stderr] = [gathered(sides.stdout), gathered(sides.stderr)]
  docker.modem.demuxStream(stream, sides.stdout, sides.stderr)
  await finished(stream, { writable: false })
  await new Promise((resolve) => setImmediate(resolve))
  return { stdout: stdout.text(), stderr: stderr.text() }
}

const progress = (docker: Docker, stream: Readable) =>
  new Promise<readonly Readonly<Record<string, unknown>>[]>((resolve, reject) => {
    docker.modem.followProgress(stream, (error, output) => (error === null ? resolve(output) : reject(error)))
  })

/** A tar of the files, in a stream. */
function tarOf(name: string, files: Readonly<Record<string, string>>): Readable {
  const place = join(folder.path, name)
  mkdirSync(place, { recursive: true })
  for (const [file, content] of Object.entries(files)) writeFileSync(join(place, file), content)
  return Readable.from([spawnSync('tar', ['-c', '--sort=name', '--mtime=@0', '.'], { cwd: place }).stdout])
}

it('pings, lists by filters, and reads a refusal of the engine as one', async () => {
  const [ping, list, missing] = await alike((docker) =>
    within(docker, { Cmd: ['true'], Labels: { a: 'b c&d' } }, async () => [
      (await docker.ping()).toString(),
      (await docker.listContainers({ all: true, filters: { label: ['a=b c&d'] } })).map(({ Image, State }) => [
        Image,
        State,
      ]),
      await docker
        .getContainer('nothing')
        .inspect()
        .catch(({ statusCode, json }: { statusCode: number; json: unknown }) => [statusCode, json]),
    ]),
  )
  expect([ping, list, missing]).toEqual([
    'OK',
    [[BASE_IMAGE, 'created']],
    [404, { message: 'No such container: nothing' }],
  ])
  const asked = () =>
    parts
      .gate()
      .records()
      .map(({ operation }) => operation)
  await vi.waitFor(() => expect(asked()).toContain('ContainerInspect'))
})

it('attaches before the start, writes to standard input, half-closes it, and has both outputs apart', async () => {
  const script = 'cat; echo to stderr >&2; exit 5'
  const outcome = await alike((docker) =>
    within(docker, { Cmd: ['sh', '-c', script], OpenStdin: true, StdinOnce: true }, async (container) => {
      const stream = await container.attach({ stream: true, hijack: true, stdin: true, stdout: true, stderr: true })
      const output = demuxed(docker, stream)
      await container.start()
      stream.end('through standard input\n'.repeat(1000))
      return [await output, await container.wait()]
    }),
  )
  expect(outcome).toEqual([
    { stdout: 'through standard input\n'.repeat(1000), stderr: 'to stderr\n' },
    expect.objectContaining({ StatusCode: 5 }),
  ])
})

it('runs an exec with standard input and both outputs apart, and has its exit code', async () => {
  const outcome = await alike((docker) =>
    within(docker, { Cmd: ['sleep', '1000'] }, async (container) => {
      await container.start()
      const Cmd = ['sh', '-c', 'tr a-z A-Z; echo err >&2; exit 7']
      const exec = await container.exec({ Cmd, AttachStdin: true, AttachStdout: true, AttachStderr: true })
      const stream = await exec.start({ hijack: true, stdin: true })
      const output = demuxed(docker, stream)
      stream.end('shout\n')
      return [await output, (await exec.inspect()).ExitCode]
    }),
  )
  expect(outcome).toEqual([{ stdout: 'SHOUT\n', stderr: 'err\n' }, 7])
})

it('follows logs as they come, to the end of the container', async () => {
  const script = 'echo first; read line; echo "then $line"; echo last >&2'
  const outcome = await alike((docker) =>
    within(docker, { Cmd: ['sh', '-c', script], OpenStdin: true }, async (container) => {
      const stdin = await container.attach({ stream: true, hijack: true, stdin: true })
      await container.start()
      const logs = await container.logs({ follow: true, stdout: true, stderr: true })
      const output = demuxed(docker, logs)
      // What the container waits for is sent when its first line has come: so it was not held back.
      await new Promise((resolve) => logs.once('data', resolve))
      stdin.write('more\n')
      const all = await output
      stdin.destroy()
      return all
    }),
  )
  expect(outcome).toEqual({ stdout: 'first\nthen more\n', stderr: 'last\n' })
})

it('builds a context and tells the progress of it, errors too', async () => {
  const outcome = await alike(async (docker) => {
    const files = { Dockerfile: `FROM ${BASE_IMAGE}\nCOPY in /in\nRUN cat /in\n`, in: 'from the context\n' }
    const options = { t: 'dockerode:test', networkmode: 'none', nocache: true }
    const told = await progress(docker, await docker.buildImage(tarOf('good', files), options))
    const { RepoTags } = await docker.getImage('dockerode:test').inspect()
    await docker.getImage('dockerode:test').remove()
    const bad = await docker.buildImage(tarOf('bad', { Dockerfile: `FROM ${BASE_IMAGE}\nRUN exit 9\n` }), options)
    const failed = await progress(docker, bad).then(
      (lines) => lines.find(({ error }) => error !== undefined)?.error,
      (error: Error) => error.message,
    )
    const text = told.map(({ stream }) => stream ?? '').join('')
    return [RepoTags, text.includes('from the context'), text.includes('Successfully tagged'), failed]
  })
  expect(outcome).toEqual([['dockerode:test'], true, true, expect.stringContaining('non-zero code: 9')])
})

it('imports an image from a stream', async () => {
  const outcome = await alike(async (docker) => {
    const stream = await docker.importImage(tarOf('image', { file: 'content' }), { repo: 'imported', tag: 'test' })
    const told = gathered(stream)
    await finished(stream)
    await docker.getImage('imported:test').remove()
    return /"status":"sha256:[0-9a-f]{64}"/.test(told.text())
  })
  expect(outcome).toBe(true)
})

it('hears events as they happen, and stops when it has heard enough', async () => {
  const outcome = await alike(async (docker) => {
    const events = await docker.getEvents({ filters: { type: ['container'], event: ['create', 'start', 'die'] } })
    const heard: string[] = []
    const enough = new Promise<void>((resolve) => {
      events.on('data', (chunk: Buffer) => {
        for (const line of chunk.toString().split('\n').filter(Boolean)) heard.push(JSON.parse(line).Action)
        if (heard.includes('die')) resolve()
      })
    })
    await within(docker, { Cmd: ['true'] }, async (container) => {
      await container.start()
      await container.wait()
      await enough
    })
    ;(events as Readable).destroy()
    return heard
  })
  expect(outcome).toEqual(['create', 'start', 'die'])
})

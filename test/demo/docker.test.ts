import { once } from 'node:events'
import type { Server } from 'node:http'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDemoEngine } from '../../src/demo/engine.ts'
import {
  directRoute,
  docker,
  killGroup,
  type Route,
  startClient,
  temporaryDirectory,
} from '../support/docker-client.ts'

describe('the demo engine, driven by the stock docker client', () => {
  const folder = temporaryDirectory('demo')
  let server: Server
  let route: Route

  beforeAll(async () => {
    server = createDemoEngine()
    server.listen(path.join(folder.path, 'docker.sock'))
    await once(server, 'listening')
    route = directRoute(path.join(folder.path, 'docker.sock'), path.join(folder.path, 'client'))
    expect(await docker(route, ['pull', '-q', 'alpine'])).toMatchObject({ code: 0 })
  })
  afterAll(async () => {
    server.closeAllConnections()
    server.close()
    folder.remove()
  })

  const run = async (...argv: string[]) => {
    const outcome = await docker(route, argv)
    expect(outcome, argv.join(' ')).toMatchObject({ code: 0 })
    return outcome.stdout.trim()
  }
  const says = 'dockgate demo engine, nothing real runs here'

  it('says in version and info that nothing real runs', async () => {
    expect(await run('version')).toContain(`Server: ${says}`)
    const info = await docker(route, ['info'])
    expect(info.stdout).toContain(`Operating System: ${says}`)
    expect(info.stderr).toContain(`WARNING: ${says}`)
  })

  it('pretends to pull, with progress lines, and lists and inspects the image', async () => {
    const pulled = await run('pull', 'registry.example/team/app:7')
    expect(pulled).toContain('Pull complete')
    expect(pulled).toContain('registry.example/team/app:7')
    expect(await run('images', '--format', '{{.Repository}}:{{.Tag}}')).toContain('registry.example/team/app:7')
    expect(await run('inspect', '-f', '{{.RepoTags}}', 'registry.example/team/app:7')).toContain('app:7')
    expect(await run('rmi', 'registry.example/team/app:7')).toContain('Untagged')
  })

  it('runs a container: one friendly line, exit code 0, gone with --rm', async () => {
    expect(await run('run', '--rm', '--name', 'hello', 'alpine', 'echo', 'hi')).toMatch(
      /would now run: alpine echo hi$/,
    )
    expect(await run('ps', '-aq', '--filter', 'name=hello')).toBe('')
  })

  it('runs with a terminal', async () => {
    const outcome = await docker(route, ['run', '--rm', '-it', 'alpine', 'sh'], { pty: true })
    expect(outcome).toMatchObject({ code: 0 })
    expect(outcome.stdout).toContain('would now run: alpine sh')
  })

  it('sends back what comes in on stdin when the command is cat, 10 MB and the end included', async () => {
    const input = 'x'.repeat(10_000_000)
    const { stdout, code } = await docker(route, ['run', '-i', '--rm', 'alpine', 'cat'], { stdin: input })
    expect([code, stdout.slice(stdout.indexOf('\n') + 1) === input]).toEqual([0, true])
  })

  it('keeps a detached container until it is stopped: ps, logs, exec, rename, stop, wait, start, kill, rm', async () => {
    const id = await run('run', '-d', '--name', 'web', 'alpine', 'serve')
    expect(await run('ps', '-q', '--no-trunc')).toBe(id)
    expect(await run('logs', 'web')).toContain('would now run: alpine serve')
    expect(await run('exec', 'web', 'ls', '/')).toContain('would now execute: ls /')
    const cat = await docker(route, ['exec', '-i', 'web', 'cat'], { stdin: 'in and out\n' })
    expect(cat.stdout).toMatch(/\nin and out\n$/)
    await run('rename', 'web', 'web2')
    expect(await run('inspect', '-f', '{{.Name}} {{.State.Status}}', id)).toBe('/web2 running')
    await run('stop', 'web2')
    expect(await run('wait', 'web2')).toBe('143')
    await run('start', 'web2')
    await run('kill', 'web2')
    expect(await run('ps', '-a', '--format', '{{.Names}} {{.Status}}')).toBe('web2 Exited (137) (demo)')
    await run('rm', 'web2')
  })

  it('follows logs until the container stops', async () => {
    await run('run', '-d', '--name', 'followed', 'alpine')
    const logs = docker(route, ['logs', '-f', 'followed'])
    await run('stop', 'followed')
    expect(await logs).toMatchObject({ code: 0, stdout: expect.stringContaining('would now run') })
    await run('rm', 'followed')
  })

  it('creates first and attaches at the start', async () => {
    await run('create', '--name', 'later', 'alpine', 'true')
    expect(await run('start', '-a', 'later')).toContain('would now run: alpine true')
    await run('rm', 'later')
  })

  it('makes, lists, inspects and removes networks and volumes', async () => {
    for (const kind of ['network', 'volume']) {
      await run(kind, 'create', '--label', 'a=b', 'thing')
      expect(await run(kind, 'ls', '--format', '{{.Name}}', '--filter', 'label=a=b')).toBe('thing')
      expect(await run(kind, 'inspect', '-f', '{{.Name}}', 'thing')).toBe('thing')
      expect(await run(kind, 'rm', 'thing')).toBe('thing')
    }
    expect(await run('network', 'ls', '--format', '{{.Name}}')).toBe('bridge\nhost\nnone')
  })

  it('streams events as they happen', async () => {
    const events = startClient(route, [
      'docker',
      'events',
      '--filter',
      'type=volume',
      '--format',
      '{{.Action}} {{.Actor.ID}}',
    ])
    try {
      // The client is subscribed when an event arrives; those made before that are not repeated.
      let seen = ''
      events.stdout.on('data', (chunk: Buffer) => {
        seen += chunk
      })
      while (!seen.includes('create watched')) {
        await run('volume', 'create', 'watched')
        await run('volume', 'rm', 'watched')
      }
      expect(seen).toContain('create watched')
    } finally {
      killGroup(events)
      await once(events, 'close')
    }
  })

  it('counts what it holds in system df', async () => {
    expect(await run('system', 'df')).toMatch(/^Images/m)
  })

  it.each([
    [['inspect', 'nothing'], 'No such object: nothing'],
    [['run', '--name', 'x', 'alpine'], 'Invalid container name (x)'],
    [['run', 'UPPER'], 'must be lowercase'],
    [['rm', 'nothing'], 'No such container: nothing'],
    [['network', 'rm', 'bridge'], 'pre-defined network'],
    [['top', 'nothing'], 'page not found'],
  ])('answers docker %j with an error that the client shows', async (argv, message) => {
    const outcome = await docker(route, argv)
    expect(outcome.code).not.toBe(0)
    expect(outcome.stderr).toContain(message)
  })
})

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { docker, runClient, temporaryDirectory } from '../support/docker-client.ts'
import type { EngineName } from '../support/engines.ts'
import { type Owners, type Party, startOwners } from './scene.ts'

describe.each<EngineName>(['old', 'modern'])('builds of two owners on a %s engine', (name) => {
  let scene: Owners
  let a: Party
  let b: Party
  const folder = temporaryDirectory('build')
  let builds = 0
  const context = (dockerfile: string) => {
    const directory = path.join(folder.path, String(++builds))
    mkdirSync(directory)
    writeFileSync(path.join(directory, 'Dockerfile'), dockerfile)
    return directory
  }
  const build = (party: Party, dockerfile: string, ...argv: string[]) =>
    docker(party.route, ['build', ...argv, context(dockerfile)])
  const everything = async () => {
    const images = (await scene.direct.call('GET', '/images/json?all=1')).json as { Id: string }[]
    const containers = (await scene.direct.call('GET', '/containers/json?all=1')).json as { Id: string }[]
    return [...images, ...containers].map(({ Id }) => Id).sort()
  }
  beforeAll(async () => {
    scene = await startOwners(name)
    a = await scene.as('acme/app')
    b = await scene.as('acme/site')
    const outcome = await build(a, 'FROM busybox:test\nRUN echo secret > /secret\n', '-t', 'alpha:1')
    expect(outcome.stdout).toContain('Successfully tagged alpha:1')
    expect((await build(a, 'FROM busybox:test\nRUN echo again > /again\n', '-t', 'alpha:1')).code).toBe(0)
  })
  afterAll(async () => {
    await scene.close()
    folder.remove()
  })

  test('an image that is built carries its owner, and is his alone', async () => {
    const { json } = await a.call('GET', '/images/alpha:1/json')
    expect((json as { Config: { Labels: object } }).Config.Labels).toMatchObject({ 'io.dockgate.owner': 'acme/app' })
    expect((await b.call('GET', '/images/alpha:1/json')).status).toBe(404)
    expect((await docker(a.route, ['run', '--rm', 'alpha:1', 'cat', '/again'])).stdout).toBe('again\n')
  })

  test.each([
    ['FROM', 'FROM alpha:1\nRUN cat /again\n'],
    ['COPY --from', 'FROM busybox:test\nCOPY --from=alpha:1 /again /again\nRUN cat /again\n'],
    ['an argument', 'ARG BASE=alpha\nFROM $BASE:1\nRUN cat /again\n'],
    ['ONBUILD', 'FROM busybox:test\nONBUILD COPY --from=alpha:1 /again /again\n'],
  ])('an image of somebody else is not built of, by %s', async (_, dockerfile) => {
    const before = await everything()
    const theirs = await build(b, dockerfile, '-t', 'mine:1')
    const none = await build(b, dockerfile.replaceAll('alpha', 'absent'), '-t', 'mine:1')
    expect(theirs.stderr).toContain('there is no such image here that is yours')
    const said = (text: string) => text.replaceAll('alpha', 'absent').replace(/record \w+/, '')
    expect(said(theirs.stderr)).toBe(said(none.stderr))
    expect(theirs.stdout).not.toContain('again\n')
    expect(await everything()).toEqual(before)
  })

  test('nor by its id', async () => {
    const { Id } = (await a.call('GET', '/images/alpha:1/json')).json as { Id: string }
    expect((await build(b, `FROM ${Id.slice(7, 19)}\n`)).stderr).toContain('there is no such image here that is yours')
  })

  test('a layer that another has built is no cache, and one own is', async () => {
    const dockerfile = 'FROM busybox:test\nRUN echo cached > /cached\n'
    expect((await build(a, dockerfile, '-t', 'cached-a:1')).stdout).not.toContain('Using cache')
    expect((await build(b, dockerfile, '-t', 'cached-b:1')).stdout).not.toContain('Using cache')
    expect((await build(a, dockerfile, '-t', 'cached-a:1')).stdout).toContain('Using cache')
  })

  test('a name of somebody else is not given', async () => {
    const before = await everything()
    expect((await build(b, 'FROM busybox:test\n', '-t', 'alpha:1')).stderr).toContain('is not yours')
    expect(await everything()).toEqual(before)
  })

  test('a Dockerfile that is a link, or reached through one, is not taken', async () => {
    const directory = context('FROM busybox:test\n')
    mkdirSync(path.join(directory, 'other'))
    writeFileSync(path.join(directory, 'other', 'file'), 'FROM alpha:1\n')
    symlinkSync('other', path.join(directory, 'link'))
    symlinkSync('other/file', path.join(directory, 'linked'))
    const tar = async (...argv: string[]) => {
      const { stdout } = await runClient(scene.direct.route, ['sh', '-c', `tar -c ${argv.join(' ')} | base64 -w0`], {
        cwd: directory,
      })
      return Buffer.from(stdout, 'base64')
    }
    const archive = await tar('Dockerfile', 'other', 'link', 'linked')
    const ask = async (dockerfile: string, body: Buffer) =>
      (await b.call('POST', `/build?dockerfile=${encodeURIComponent(dockerfile)}`, body)).body.toString()
    expect(await ask('linked', archive)).toContain('is no file, or is reached through a link')
    expect(await ask('link/file', archive)).toContain('is no file, or is reached through a link')
    expect(await ask('other/file', archive)).toContain('no such image here that is yours')
    expect(await ask('other/file', gzipSync(archive))).toContain('no such image here that is yours')
    expect(await ask('', await tar('Dockerfile'))).toContain('Successfully built')
  })

  test('what an image of everybody triggers is looked at', async () => {
    const trigger = await build(a, 'FROM busybox:test\nONBUILD COPY --from=alpha:1 /again /again\n', '-t', 'trigger:1')
    expect(trigger.code).toBe(0)
    const { body } = await a.call('GET', '/images/get?names=trigger:1')
    await docker(a.route, ['rmi', 'trigger:1'])
    await b.call('POST', '/images/load', body)
    expect((await build(b, 'FROM trigger:1\nRUN cat /again\n')).stderr).toContain(
      'there is no such image here that is yours',
    )
  })
})

import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Engine, startEngine } from '../support/engines.ts'
import { makeHost, removeHosts } from './host.ts'

let engine: Engine
beforeAll(async () => {
  engine = await startEngine('old')
})
afterAll(async () => {
  removeHosts()
  await engine?.stop()
})

it('learns from a real dockerd its version, its API and that it has root', async () => {
  const { engine: asked, findings } = await makeHost().look({ engine: engine.socket })
  expect(asked).toEqual({
    socket: engine.socket,
    facts: {
      version: expect.stringMatching(/^20\.10\./),
      apiVersion: '1.41',
      minApiVersion: '1.12',
      rootless: false,
      authorizationPlugins: [],
    },
  })
  expect(findings.filter(({ id }) => id.startsWith('engine-'))).toEqual([])
})

it('says so when nobody answers', async () => {
  const { findings } = await makeHost().look({ engine: `${engine.socket}.none` })
  expect(findings.find(({ id }) => id === 'engine-silent')?.what).toContain('ENOENT')
})

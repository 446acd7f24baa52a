import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTokenKey, LOCAL_AUDIENCE, LOCAL_ISSUER, publicTokenKey } from '../../src/pki/token.ts'
import { type Workplace, workplace } from './program.ts'

let place: Workplace
const at = (name: string) => join(place.folder, name)
const WARNING =
  /warning: .*roles\.ci\.observe: OBSERVES ONLY: what this role refuses is written down and let through; whoever has it is root on the host/

beforeEach(() => {
  place = workplace()
  writeFileSync(at('token.pem'), publicTokenKey(createTokenKey()))
  writeFileSync(at('claims.json'), JSON.stringify({ issuer: 'local', claims: { sub: 'ann' } }))
  writeFileSync(
    at('dockgate.yaml'),
    `listeners: [{ name: main, address: '127.0.0.1:0' }]
engine: unix:///nowhere/docker.sock
issuers:
  local: { jwt: { issuer: '${LOCAL_ISSUER}', audience: '${LOCAL_AUDIENCE}', publicKey: token.pem } }
roles: { ci: { allow: [read], observe: true } }
bindings: [{ role: ci, issuer: local }]
`,
  )
})
afterEach(() => place.remove())

it('says at every start that a role only observes', async () => {
  const running = await place.start(['serve', '--config', 'dockgate.yaml'], 'listening on')
  expect(running.output()).toMatch(WARNING)
  await running.stop()
})

it('says in check that a role only observes, and that it is unbounded', async () => {
  const { code, stdout } = await place.run('check', '--config', 'dockgate.yaml')
  expect(code).toBe(0)
  expect(stdout).toContain('  ci  OBSERVES ONLY  UNBOUNDED')
  expect(stdout).toContain('      observe: what the role would refuse is let through')
})

it('says in explain what the role would refuse, and that it is let through', async () => {
  writeFileSync(at('create.json'), '{"Image":"alpine","HostConfig":{"Privileged":true}}')
  const { code, stdout } = await place.run(
    ...['explain', '--config', 'dockgate.yaml', '--as', 'claims.json', '--body', 'create.json'],
    ...['--json', 'POST', '/containers/create'],
  )
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({
    allowed: true,
    findings: expect.arrayContaining([expect.objectContaining({ key: 'roles.ci.workload.privileged' })]),
    notes: expect.arrayContaining([
      'role "ci" only observes: it would refuse this (operation-not-allowed), and lets it through',
    ]),
  })
})

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Workplace, workplace } from './program.ts'

let place: Workplace
beforeAll(() => {
  place = workplace()
})
afterAll(() => place.remove())

const write = (name: string, allow: string, more = '') =>
  writeFileSync(
    join(place.folder, name),
    `listeners: [{ address: '127.0.0.1:2375' }]
issuers: { local: { jwt: { issuer: local, audience: a, publicKey: not-here.pem } } }
roles: { ci: { allow: [${allow}], workload: { networks: [a${more}] } } }
bindings: [{ role: ci, issuer: local, when: 'claims.team == "shop"' }]
`,
  )

it('says in words who gains and loses what, and ends with 1 as diff(1) does', async () => {
  write('old.yaml', 'ContainerCreate, ContainerList')
  write('new.yaml', 'ContainerCreate, ContainerTop', ', b')
  expect(await place.run('diff', 'old.yaml', 'new.yaml')).toEqual({
    code: 1,
    stdout: `local when claims.team == "shop"
  role ci
  gain ContainerTop
  lose ContainerList
  wider: workload.networks: + b
`,
    stderr: '',
  })
})

it('names a whole access class by its name', async () => {
  write('old.yaml', 'ContainerCreate')
  write('new.yaml', 'ContainerCreate, read, ContainerTop')
  const { stdout } = await place.run('diff', 'old.yaml', 'new.yaml')
  expect(stdout).toMatch(/\n {2}gain read \(all [0-9]+\), ContainerTop\n/)
})

it('prints the same as JSON', async () => {
  write('old.yaml', 'ContainerCreate, ContainerList')
  write('new.yaml', 'ContainerCreate')
  const { code, stdout } = await place.run('diff', 'old.yaml', 'new.yaml', '--json')
  const { same, changes } = JSON.parse(stdout)
  expect([code, same, changes[0].losses]).toEqual([1, false, ['ContainerList']])
})

it('ends with 0 where there is no difference', async () => {
  write('old.yaml', 'ContainerCreate')
  const { code, stdout } = await place.run('diff', 'old.yaml', 'old.yaml')
  expect([code, stdout]).toEqual([0, 'no difference\n'])
})

it('ends with 2 where one of them is wrong, and says where', async () => {
  write('old.yaml', 'ContainerCreate')
  write('new.yaml', 'ContainerCraete')
  const { code, stdout, stderr } = await place.run('diff', 'old.yaml', 'new.yaml')
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain('new.yaml:3:24: roles.ci.allow[0]: ')
})

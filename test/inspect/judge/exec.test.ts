import { describe, expect, it } from 'vitest'
import { parseJson } from '../../../src/inspect/json/parse.ts'
import { judgeExec, judgeInspectedExec } from '../../../src/inspect/judge/exec.ts'
import type { Finding } from '../../../src/inspect/judge/types.ts'
import { operation } from '../../policy/fixtures.ts'
import { check } from '../fields/checked.ts'
import { contextOf, refused, sent } from './asked.ts'

const shown = (findings: readonly Finding[]) => findings.map(({ field, asked, key }) => `${field}: ${asked} (${key})`)

function contextFor(role: string) {
  return { ...contextOf(role), operation: operation('ContainerExec'), body: null, hostPaths: null }
}

/** What the role does not allow of an exec. */
function exec(role: string, body: object | string): string[] {
  const checked = check('ContainerExec', typeof body === 'string' ? body : JSON.stringify(body))
  expect([...checked.unknown, ...checked.wrongType]).toEqual([])
  return shown(judgeExec(checked, contextFor(role)))
}

const ANY = 'commands: any'
const CMD = { Cmd: ['true'] }

describe('commands of an exec (T81)', () => {
  const ROLE = 'exec: {commands: [[npm, test], [ls]]}'

  it.each([[['npm', 'test']], [['npm', 'test', '--watch']], [['ls', '-l', '/']]])(
    'takes %j, which begins as one of the role',
    (Cmd) => {
      expect(exec(ROLE, { Cmd })).toEqual([])
    },
  )

  it.each([
    [['npm']],
    [['npm', 'install']],
    [['npm', 'Test']],
    [['npm test']],
    [['sh', '-c', 'npm test']],
    [['/usr/bin/npm', 'test']],
    [['npm', 'testing']],
    [['', 'npm', 'test']],
    [[]],
  ])('refuses %j', (Cmd) => {
    expect(exec(ROLE, { Cmd })).toHaveLength(1)
  })

  it('refuses every command where the role has none', () => {
    expect(exec('', CMD)).toEqual(['Cmd: "true" (exec.commands)'])
    expect(exec('exec: {}', CMD)).toHaveLength(1)
    expect(exec(`exec: {${ANY}}`, CMD)).toEqual([])
  })

  it('does not show the arguments, which may be secrets', () => {
    expect(exec('', { Cmd: ['mysql', '-phunter2', 'x'] })).toEqual(['Cmd: "mysql" with 2 more (exec.commands)'])
  })

  it('takes no command that is one string, which engines do not take either', () => {
    expect(check('ContainerExec', '{"Cmd":"npm test"}').wrongType).toHaveLength(1)
  })
})

describe('the user of an exec (T74, T81)', () => {
  it('is the one of the container where none is asked for', () => {
    expect(exec(`exec: {${ANY}}`, CMD)).toEqual([])
    expect(exec(`exec: {${ANY}}`, { ...CMD, User: '' })).toEqual([])
    expect(exec(`exec: {${ANY}, users: ["1000"]}`, CMD)).toEqual([])
  })

  it('is refused where the role lists none, or others', () => {
    expect(exec(`exec: {${ANY}}`, { ...CMD, User: '1000' })).toEqual(['User: "1000" (exec.users)'])
    expect(exec(`exec: {${ANY}, users: ["1000", "app*"]}`, { ...CMD, User: '1000:0' })).toHaveLength(1)
    expect(exec(`exec: {${ANY}, users: ["1000", "app*"]}`, { ...CMD, User: 'app:app' })).toEqual([])
    expect(exec(`exec: {${ANY}, users: any}`, { ...CMD, User: 'root' })).toEqual([])
  })

  it.each(['', '0', '00', '0:5', 'root', 'Root', 'app', '+0', '-1', '4294967296', ':5'])(
    'may not be %j where it must not be root',
    (User) => {
      expect(exec(`exec: {${ANY}, users: nonRoot}`, { ...CMD, User })).toHaveLength(1)
    },
  )

  it('must be stated where it must not be root', () => {
    expect(exec(`exec: {${ANY}, users: nonRoot}`, CMD)).toEqual(['User: nothing (exec.users)'])
    expect(exec(`exec: {${ANY}, users: nonRoot}`, { ...CMD, User: '1000:0' })).toEqual([])
  })
})

describe('what else an exec may have (T81)', () => {
  it('is privileged only where the role says so', () => {
    expect(exec(`exec: {${ANY}}`, { ...CMD, Privileged: true })).toEqual(['Privileged: true (exec.privileged)'])
    expect(exec(`exec: {${ANY}}`, { ...CMD, Privileged: false })).toEqual([])
    expect(exec(`exec: {${ANY}, privileged: true}`, { ...CMD, Privileged: true })).toEqual([])
  })

  it('judges variables by their names, and never shows what they say', () => {
    const Env = ['CI=1', 'LD_PRELOAD=/tmp/x.so', 'TOKEN=hunter2', 'UNSET']
    expect(exec(`exec: {${ANY}, environment: [CI]}`, { ...CMD, Env })).toEqual([
      'Env[1]: "LD_PRELOAD" (exec.environment)',
      'Env[2]: "TOKEN" (exec.environment)',
      'Env[3]: "UNSET" (exec.environment)',
    ])
    expect(exec(`exec: {${ANY}, environment: ["*"]}`, { ...CMD, Env })).toEqual([])
  })

  it('may have a terminal, its size and a directory', () => {
    const harmless = { Tty: true, AttachStdin: true, WorkingDir: '/x', ConsoleSize: [24, 80], DetachKeys: 'ctrl-q' }
    expect(exec(`exec: {${ANY}}`, { ...CMD, ...harmless })).toEqual([])
  })

  it('reports everything at once', () => {
    expect(exec('', { ...CMD, User: '0', Privileged: true, Env: ['A=1'] })).toHaveLength(4)
  })
})

describe('the start of an exec that was made elsewhere (T81)', () => {
  const inspected = (config: object) => parseJson(Buffer.from(JSON.stringify({ ID: 'x', ProcessConfig: config })))
  const judge = (role: string, config: object) => shown(judgeInspectedExec(inspected(config), contextFor(role)))

  it('is judged by what the engine tells of it', () => {
    const config = { tty: false, entrypoint: 'sh', arguments: ['-c', 'x'], privileged: true, user: 'root' }
    expect(judge('exec: {commands: [[npm, test]], environment: ["*"]}', config)).toEqual([
      'ProcessConfig.user: "root" (exec.users)',
      'ProcessConfig.privileged: true (exec.privileged)',
      'ProcessConfig.entrypoint: "sh" with 2 more (exec.commands)',
    ])
    expect(judge('exec: {users: any, privileged: true, commands: [[sh, -c]], environment: ["*"]}', config)).toEqual([])
  })

  it('needs a role that takes every variable, as the engine does not tell them', () => {
    const config = { entrypoint: 'ls', arguments: [] }
    expect(judge(`exec: {${ANY}, environment: [CI]}`, config)).toEqual(['Env: what is not known (exec.environment)'])
    expect(judge(`exec: {${ANY}, environment: ["*"]}`, config)).toEqual([])
  })
})

describe('attach with standard input (T81)', () => {
  const cases = [
    ['POST /v1.41/containers/box/attach?stream=1&stdin=1'],
    ['POST /v1.41/containers/box/attach?stream=1&stdin=off'],
    ['GET /v1.43/containers/box/attach/ws?stdin=true'],
    // The engine attaches it here whatever the query says.
    ['GET /v1.41/containers/box/attach/ws?stdin=0'],
    ['GET /containers/box/attach/ws'],
  ]

  it.each(cases)('%s wants every command to be allowed', (request) => {
    expect(refused('', request)).toEqual(['stdin: true (exec.commands)'])
    expect(refused('exec: {commands: [[bash]]}', request)).toEqual(['stdin: true (exec.commands)'])
    sent(`exec: {${ANY}}`, request)
  })

  it.each([
    'POST /containers/box/attach?stream=1&stdout=1',
    'POST /containers/box/attach?stdin=0',
    'GET /v1.42/containers/box/attach/ws?stdin=no',
  ])('%s types nothing', (request) => {
    sent('', request)
  })
})

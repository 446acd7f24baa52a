import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createFindings } from '../../src/config/findings.ts'
import { piecesOf } from '../../src/config/pieces.ts'
import { PROXY_KINDS, proxyVariables } from '../../src/init/proxy-rules.ts'
import { createAuthority } from '../../src/pki/authority.ts'
import { compile } from '../../src/policy/compile.ts'
import { blocks, read } from './pages.ts'

const PROGRAM = new URL('../../src/cli/main.ts', import.meta.url).pathname
const PAGE = 'docs/migration.md'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dockgate-migration-'))
  chmodSync(folder, 0o755)
  const authority = createAuthority()
  const { certificate, key } = authority.issueServer({ names: ['docker.acme.io'] })
  const tls = { tlsverify: true, tlscacert: '/tls/ca.pem', tlscert: '/tls/cert.pem', tlskey: '/tls/key.pem' }
  const hosts = {
    none: {},
    tcp: { hosts: ['tcp://0.0.0.0:2375'] },
    tlsverify: { ...tls, hosts: ['tcp://0.0.0.0:2376'] },
  }
  for (const [name, json] of Object.entries(hosts)) {
    for (const below of ['etc/docker', 'tls']) mkdirSync(join(folder, name, below), { recursive: true })
    writeFileSync(join(folder, name, 'etc/docker/daemon.json'), JSON.stringify(json))
    writeFileSync(join(folder, name, 'tls/ca.pem'), authority.certificate)
    writeFileSync(join(folder, name, 'tls/cert.pem'), certificate)
    writeFileSync(join(folder, name, 'tls/key.pem'), key)
  }
  writeFileSync(join(folder, 'proxy.env'), 'PATH=/bin\nCONTAINERS=1\nPOST=0\nEVENTS=1\nPING=1\nVERSION=1\n')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const COMMANDS = blocks('sh')
  .filter(({ page }) => page === PAGE)
  .flatMap(({ text }) => [...text.matchAll(/^sudo dockgate init (.*)$/gm)].map(([, rest = '']) => rest))

it.each(COMMANDS)('dockgate init %s', (rest) => {
  const args = rest.split(' ')
  const host = ['tcp', 'tlsverify'].find((name) => rest.includes(`--from ${name}`)) ?? 'none'
  const where = ['--root', join(folder, host), '--folder', join(folder, 'gate')]
  const run = spawnSync(process.execPath, [PROGRAM, 'init', ...args, ...where, '--dry-run'], {
    cwd: folder,
    encoding: 'utf8',
  })
  expect([run.status, run.stdout], run.stderr).toEqual([0, expect.stringContaining('bindings:\n')])
})

it('shows every way to take something over', () => {
  const from = COMMANDS.flatMap((rest) => /--from (\S+)/.exec(rest)?.[1] ?? [])
  expect(new Set(from)).toEqual(new Set(['tlsverify', 'tcp', 'docker-socket-proxy']))
})

it('names every kind of socket proxy, and the variables that are not sections', () => {
  const rows = read(PAGE).split('\n')
  for (const kind of PROXY_KINDS) {
    const row = rows.find((line) => line.startsWith(`| \`${kind}\` |`)) ?? ''
    const own = proxyVariables(kind).filter((name) => name.startsWith('ALLOW_'))
    const named = [...row.matchAll(/`(ALLOW_[A-Z]+)`/g)].map(([, name]) => name)
    if (kind !== 'tecnativa-methods') expect(named.sort()).toEqual(own)
    else expect(own).toEqual(expect.arrayContaining(named))
  }
})

it('shows a configuration in the place of nginx or HAProxy that has no warnings', () => {
  const [whole = ''] = blocks('yaml')
    .filter(({ page, text }) => page === PAGE && text.startsWith('listeners:'))
    .map(({ text }) => text)
  const findings = createFindings()
  compile(piecesOf(parse(whole)), findings)
  expect([findings.problems, findings.warnings]).toEqual([[], []])
})

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { createAuthority } from '../../src/pki/authority.ts'
import { type Machine, startMachine } from '../support/machine.ts'
import type { Built } from './built.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const CONFIG = '/etc/dockgate/dockgate.yaml'
const SOCKET = '{ address: "unix:///run/dockgate/docker.sock", group: docker }'
const WITHIN = { timeout: 30_000, interval: 100 }

export function unitTests(built: Built): void {
  let machine: Machine

  const configure = (listener: string, more = '') =>
    machine.run(`cat >${CONFIG} <<'YAML'
listeners: [${listener}]
engine: unix:///var/run/docker.sock
issuers: {}
roles: {}
bindings: []
records: { file: /var/log/dockgate/records.jsonl }
admin: { socket: /run/dockgate/admin.sock }
${more}
YAML`)
  const property = async (name: string) =>
    (await machine.run(`systemctl show --property ${name} --value dockgate`)).trim()
  const status = () => property('StatusText')

  beforeAll(async () => {
    machine = await startMachine([built.folder, path.join(ROOT, 'src')])
    await machine.run(`
      dpkg -i ${built.file}
      cat >/run/engine.mjs <<'JS'
import { createDemoEngine } from '${path.join(ROOT, 'src/demo/engine.ts')}'
process.umask(0o117)
createDemoEngine().listen('/run/docker.sock')
JS
      systemd-run --quiet --unit=engine --property=Group=docker /usr/lib/dockgate/bin/node /run/engine.mjs
      until test -S /run/docker.sock; do sleep 0.05; done`)
  })
  afterAll(() => machine.stop())
  beforeEach(async () => {
    await machine.run('systemctl stop dockgate.socket dockgate; systemctl reset-failed')
    await configure(SOCKET)
  })

  it('are what systemd knows: nothing in them is ignored', async () => {
    expect(await machine.run('systemd-analyze verify dockgate.service dockgate.socket')).toBe('')
  })

  it('have the exposure that docs/deploy.md states', () => {
    const unit = path.join(ROOT, 'deploy/systemd/dockgate.service')
    const report = execFileSync('systemd-analyze', ['security', '--offline=true', '--no-pager', unit], {
      encoding: 'utf8',
    })
    const level = /Overall exposure level for dockgate\.service: (\S+)/.exec(report)?.[1]
    const docs = readFileSync(path.join(ROOT, 'docs/deploy.md'), 'utf8')
    expect(docs).toContain(`exposure level ${level} `)
    const open = [...report.matchAll(/✗ (\S+)/g)].map(([, name]) => name)
    expect(docs).toContain(`Left open: ${open.map((name) => `\`${name}\``).join(', ')}.`)
  })

  it('start a gate that serves with every restriction in force', async () => {
    await machine.run('systemctl start dockgate')
    const pid = await property('MainPID')
    const facts = await machine.run(`grep --extended-regexp '^(NoNewPrivs|CapBnd|CapEff|Seccomp):' /proc/${pid}/status`)
    expect(facts.replaceAll('\t', ' ')).toBe(
      'CapEff: 0000000000000000\nCapBnd: 0000000000000000\nNoNewPrivs: 1\nSeccomp: 2\n',
    )
    expect(await machine.run(`stat --format %U /proc/${pid}`)).toBe('dockgate\n')
    expect(await machine.run("stat --format '%a %U:%G' /run/dockgate/docker.sock")).toBe('660 dockgate:docker\n')
    expect(await machine.run(`cd /; dockgate ready --config ${CONFIG}`)).toMatch(/^ready\n {2}ok {2}engine /)
    expect(await machine.run('curl -sS --unix-socket /run/dockgate/docker.sock http://d/version')).toContain(
      'no credentials',
    )
    const records = () => machine.run('wc -l </var/log/dockgate/records.jsonl')
    await vi.waitFor(async () => expect(await records()).not.toBe('0\n'), WITHIN)
  })

  it('show in the status which configuration is in force, also when a reload finds a problem', async () => {
    await machine.run('systemctl start dockgate')
    expect(await status()).toBe(`serving generation 1 of ${CONFIG}`)
    await machine.run('systemctl reload dockgate')
    await vi.waitFor(async () => expect(await status()).toBe(`serving generation 2 of ${CONFIG}`), WITHIN)
    await configure(SOCKET, 'nonsense: true')
    await machine.run('systemctl reload dockgate')
    await vi.waitFor(async () => expect(await status()).toContain('can NOT be put in force'), WITHIN)
    await vi.waitFor(async () => expect(await property('ActiveState')).toBe('active'), WITHIN)
  })

  it('fail to start with a configuration that has a problem', async () => {
    await configure(SOCKET, 'nonsense: true')
    await expect(machine.run('systemctl start dockgate')).rejects.toThrow()
    expect(await property('ExecMainStatus')).toBe('2')
  })

  it('end a gate that hangs, and start it anew', async () => {
    await machine.run(`mkdir -p /run/systemd/system/dockgate.service.d
      printf '[Service]\\nWatchdogSec=2\\n' >/run/systemd/system/dockgate.service.d/watchdog.conf
      systemctl daemon-reload; systemctl start dockgate`)
    const first = await property('MainPID')
    await machine.run(`kill -STOP ${first}`)
    await vi.waitFor(async () => expect(await property('NRestarts')).toBe('1'), WITHIN)
    await vi.waitFor(async () => expect(await property('ActiveState')).toBe('active'), WITHIN)
    expect(await property('MainPID')).not.toBe(first)
    await machine.run('rm -r /run/systemd/system/dockgate.service.d; systemctl daemon-reload')
  })

  it('stop it in order', async () => {
    await machine.run('systemctl start dockgate; systemctl stop dockgate')
    expect([await property('Result'), await property('ExecMainStatus')]).toEqual(['success', '0'])
  })

  it('hold its port open while the gate is away, and serve TLS there', async () => {
    const authority = createAuthority()
    const { certificate, key } = authority.issueServer({ names: ['localhost'] })
    await machine.run(`umask 077; mkdir -p /etc/dockgate/tls; cd /etc/dockgate/tls
      echo '${authority.certificate}' >/run/ca.pem; echo '${certificate}' >server.crt; echo '${key}' >server.key
      chown -R dockgate: .`)
    await configure('{ address: "fd://dockgate", tls: { certificate: tls/server.crt, key: tls/server.key } }')
    await machine.run('systemctl start dockgate.socket')
    const ask = 'curl -sS --cacert /run/ca.pem https://localhost:2376/_ping'
    expect(await machine.run(ask)).toContain('no credentials')
    await machine.run('systemctl stop dockgate.service')
    expect(await machine.run(ask)).toContain('no credentials')
  })
}

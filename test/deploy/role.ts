import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createAuthority } from '../../src/pki/authority.ts'
import { temporaryDirectory } from '../support/docker-client.ts'
import { type Machine, startMachine } from '../support/machine.ts'
import type { Built } from './built.ts'

const ANSIBLE = path.join(import.meta.dirname, '../../deploy/ansible')
const ROLE = path.join(ANSIBLE, 'roles/dockgate')

/** The play of deploy/ansible/README.md. */
const play = () => {
  const [, block = ''] = /```yaml\n([^`]*)```/.exec(readFileSync(path.join(ANSIBLE, 'README.md'), 'utf8')) ?? []
  return parse(block)[0] as { roles: { vars: Record<string, unknown> }[] }
}

export function roleTests(built: Built): void {
  const files = temporaryDirectory('ansible')
  const machines: Machine[] = []
  let machine: Machine

  beforeEach(async () => {
    for (const one of machines.splice(0)) await one.stop()
    machine = await startMachine([built.folder, files.path, ANSIBLE])
    machines.push(machine)
  })
  afterAll(async () => {
    for (const one of machines) await one.stop()
    files.remove()
  })

  /** Runs site.yml on the machine itself, and returns what came of it: `{ok, changed, failed}`, and the output. */
  async function apply(vars: object, ...flags: string[]) {
    writeFileSync(path.join(files.path, 'vars.json'), JSON.stringify(vars))
    const inventory = '--inventory localhost, --connection local --extra-vars ansible_python_interpreter=/usr/bin/python3'
    const output = await machine.run(
      `cd /; ansible-playbook ${inventory} --extra-vars @${files.path}/vars.json ${flags.join(' ')} ${ANSIBLE}/site.yml || true`,
    )
    const recap = /ok=(\d+) +changed=(\d+) .*failed=(\d+)/.exec(output)
    return { output, changed: Number(recap?.[2]), failed: Number(recap?.[3] ?? 1) }
  }
  const vars = () => {
    const [{ vars } = { vars: {} }] = play().roles
    const authority = createAuthority()
    const server = authority.issueServer({ names: ['localhost'] })
    return {
      ...vars,
      dockgate_deb: built.file,
      dockgate_files: [
        { name: 'tls/server.crt', content: server.certificate },
        { name: 'tls/server.key', content: server.key },
        { name: 'tls/clients-ca.crt', content: authority.certificate },
      ],
    }
  }

  it('installs, configures and runs the gate as its README shows, and changes nothing the second time', async () => {
    const first = await apply(vars())
    expect(first.failed, first.output).toBe(0)
    expect(await machine.run('systemctl is-active dockgate; systemctl is-enabled dockgate')).toBe('active\nenabled\n')
    expect(await machine.run("stat --format '%a %U:%G' /etc/dockgate/dockgate.yaml /etc/dockgate/tls/server.key")).toBe(
      '640 root:dockgate\n600 dockgate:dockgate\n',
    )
    expect(await machine.run('curl -sSk https://localhost:2376/_ping')).toContain('no credentials')
    const second = await apply(vars())
    expect([second.failed, second.changed], second.output).toEqual([0, 0])
  })

  it('reloads the gate when its configuration changes, and keeps the old one when the new one has a problem', async () => {
    await apply(vars())
    const written = vars()
    const config = { ...play().roles[0]?.vars.dockgate_config as object }
    const shutdown = await apply({ ...written, dockgate_config: { ...config, shutdown: { grace: '1s' } } })
    expect([shutdown.failed, await machine.run('systemctl show --property StatusText --value dockgate')]).toEqual([
      0,
      expect.stringMatching(/^serving generation [2-9]/),
    ])
    const before = await machine.run('cat /etc/dockgate/dockgate.yaml')
    const bad = await apply({ ...written, dockgate_config: { ...config, rolse: {} } })
    expect([bad.failed, bad.output]).toEqual([1, expect.stringMatching(/rolse.*did you mean/s)])
    expect(await machine.run('cat /etc/dockgate/dockgate.yaml')).toBe(before)
    expect(await machine.run('ls -A /etc/dockgate')).toBe('dockgate.yaml\ntls\n')
    expect(await machine.run('systemctl is-active dockgate')).toBe('active\n')
  })

  it('changes nothing in a dry run', async () => {
    await apply({ ...vars(), dockgate_enabled: false })
    const before = await machine.run('cat /etc/dockgate/dockgate.yaml')
    const dry = await apply({ ...vars(), dockgate_config: {} }, '--check', '--diff')
    expect([dry.failed, dry.output]).toEqual([0, expect.stringContaining('-listeners:')])
    expect(await machine.run('cat /etc/dockgate/dockgate.yaml; systemctl is-active dockgate || true')).toBe(`${before}inactive\n`)
  })

  it('lets systemd hold the port', async () => {
    const written = vars()
    const { dockgate_config: config } = play().roles[0]?.vars as { dockgate_config: { listeners: { address: string }[] } }
    const listeners = config.listeners.map((one) => ({ ...one, address: 'fd://dockgate' }))
    const { failed, output } = await apply({ ...written, dockgate_socket: true, dockgate_config: { ...config, listeners } })
    expect(failed, output).toBe(0)
    expect(await machine.run('systemctl is-active dockgate.socket dockgate.service')).toBe('active\nactive\n')
    expect(await machine.run('curl -sSk https://localhost:2376/_ping')).toContain('no credentials')
  })

  it("installs npm's package with its units where it is given no other, once", async () => {
    // There is no registry: what npm would do is done with the files of the Debian package.
    await machine.run(`cat >/usr/local/bin/npm <<'SH'
#!/bin/sh
modules=/usr/local/lib/node_modules
case "$1" in
  root) echo $modules ;;
  ls) test -e $modules/dockgate ;;
  install) echo "$*" >>/run/npm
    mkdir -p $modules && dpkg-deb -x ${built.file} /run/deb && mv /run/deb/usr/lib/dockgate $modules/
    cp -r ${path.dirname(ANSIBLE)} $modules/dockgate/deploy
    printf '#!/bin/sh\\nexec %s/bin/node %s/dist/cli/main.js "$@"\\n' $modules/dockgate $modules/dockgate >/usr/local/bin/dockgate
    chmod 755 /usr/local/bin/dockgate ;;
esac
SH
      chmod 755 /usr/local/bin/npm`)
    const written = { ...vars(), dockgate_deb: '', dockgate_npm_package: 'dockgate@0.1.0' }
    const first = await apply(written)
    expect(first.failed, first.output).toBe(0)
    expect(await machine.run('cat /run/npm; systemctl is-active dockgate')).toBe(
      'install --global --no-audit --no-fund dockgate@0.1.0\nactive\n',
    )
    const second = await apply(written)
    expect([second.failed, second.changed], second.output).toEqual([0, 0])
  })

  it('has a variable in its README for every default, with the roles that dockgate is installed with', () => {
    const defaults = Object.keys(parse(readFileSync(path.join(ROLE, 'defaults/main.yml'), 'utf8')))
    const rows = [...readFileSync(path.join(ANSIBLE, 'README.md'), 'utf8').matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name)
    expect(rows.sort()).toEqual(defaults.sort())
    expect(Object.keys(play().roles[0]?.vars ?? {}).filter((name) => !defaults.includes(name))).toEqual([])
  })
}

import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { parse } from 'yaml'
import { createAuthority } from '../../src/pki/authority.ts'
import { temporaryDirectory } from '../support/docker-client.ts'
import { type Machine, startMachine } from '../support/machine.ts'
import type { Built } from './built.ts'

const ANSIBLE = path.join(import.meta.dirname, '../../deploy/ansible')
const ROLE = path.join(ANSIBLE, 'roles/dockgate')

interface Vars {
  readonly dockgate_config: { readonly listeners: readonly object[] }
}

const HOOK_MS = 300_000
/** Looking whether the package is there takes most of a play's time. */
const INSTALLED = '--start-at-task "Make the folders of the files"'
const ASK = 'curl -sSk https://localhost:2376/_ping'

/** The play of deploy/ansible/README.md. */
const play = () => {
  const [, block = ''] = /```yaml\n([^`]*)```/.exec(readFileSync(path.join(ANSIBLE, 'README.md'), 'utf8')) ?? []
  return parse(block)[0] as { roles: { vars: Vars }[] }
}

export function roleTests(built: Built): void {
  const files = temporaryDirectory('ansible')
  let machine: Machine

  beforeAll(async () => {
    machine = await startMachine([built.folder, files.path, ANSIBLE])
    const { failed, output } = await apply(vars)
    expect(failed, output).toBe(0)
  }, HOOK_MS)
  afterAll(async () => {
    await machine.stop()
    files.remove()
  })

  /** Runs site.yml on the machine itself, and returns what came of it: `{ok, changed, failed}`, and the output. */
  async function apply(settings: object, { on = machine, flags = '', isNpm = false } = {}) {
    writeFileSync(
      path.join(files.path, 'vars.json'),
      JSON.stringify({ ...settings, dockgate_deb: isNpm ? '' : built.file }),
    )
    const inventory =
      '--inventory localhost, --connection local --extra-vars ansible_python_interpreter=/usr/bin/python3'
    const output = await on.run(
      `cd /; export ANSIBLE_PIPELINING=1
      ansible-playbook ${inventory} --extra-vars @${files.path}/vars.json ${flags} ${ANSIBLE}/site.yml || true`,
    )
    const recap = /ok=(\d+) +changed=(\d+) .*failed=(\d+)/.exec(output)
    return { output, changed: Number(recap?.[2]), failed: Number(recap?.[3] ?? 1) }
  }
  const shown = play().roles[0]?.vars as Vars
  const authority = createAuthority()
  const server = authority.issueServer({ names: ['localhost'] })
  const vars = {
    ...shown,
    dockgate_files: [
      { name: 'tls/server.crt', content: server.certificate },
      { name: 'tls/server.key', content: server.key },
      { name: 'tls/clients-ca.crt', content: authority.certificate },
    ],
  }
  const withConfig = (more: object) => ({ ...vars, dockgate_config: { ...shown.dockgate_config, ...more } })
  const status = () => machine.run('systemctl show --property StatusText --value dockgate')
  const written = () => machine.run('cat /etc/dockgate/dockgate.yaml')

  it('installs, configures and runs the gate as its README shows', async () => {
    expect(await machine.run('systemctl is-active dockgate; systemctl is-enabled dockgate')).toBe('active\nenabled\n')
    expect(await machine.run("stat --format '%a %U:%G' /etc/dockgate/dockgate.yaml /etc/dockgate/tls/server.key")).toBe(
      '640 root:dockgate\n600 dockgate:dockgate\n',
    )
    expect(await machine.run(ASK)).toContain('no credentials')
  })

  it('changes nothing the second time', async () => {
    const { failed, changed, output } = await apply(vars)
    expect([failed, changed], output).toEqual([0, 0])
  })

  it('reloads the gate when its configuration changes', async () => {
    const pid = await machine.run('systemctl show --property MainPID --value dockgate')
    const { failed, output } = await apply(withConfig({ shutdown: { grace: '1s' } }), { flags: INSTALLED })
    expect(failed, output).toBe(0)
    await vi.waitFor(async () => expect(await status()).toMatch(/^serving generation [2-9]/))
    expect(await machine.run('systemctl show --property MainPID --value dockgate')).toBe(pid)
  })

  it('keeps the configuration when the new one has a problem, and fails with the words of the check', async () => {
    const before = await written()
    const { failed, output } = await apply(withConfig({ rolse: {} }), { flags: INSTALLED })
    expect([failed, output]).toEqual([1, expect.stringMatching(/rolse.*did you mean/s)])
    expect(await written()).toBe(before)
    expect(await machine.run('ls -A /etc/dockgate; systemctl is-active dockgate')).toBe('dockgate.yaml\ntls\nactive\n')
  })

  it('shows what it would change in a dry run, and changes nothing', async () => {
    const before = await written()
    const { failed, output } = await apply(withConfig({ listeners: [] }), { flags: `--check --diff ${INSTALLED}` })
    expect([failed, output]).toEqual([0, expect.stringContaining('+listeners: []')])
    expect(await written()).toBe(before)
  })

  it('hands the port over to systemd while the gate runs', async () => {
    const listeners = shown.dockgate_config.listeners.map((one) => ({ ...one, address: 'fd://dockgate' }))
    const { failed, output } = await apply(
      { ...withConfig({ listeners }), dockgate_socket: true },
      { flags: INSTALLED },
    )
    expect(failed, output).toBe(0)
    expect(await machine.run('systemctl is-active dockgate.socket dockgate.service')).toBe('active\nactive\n')
    expect(await machine.run(ASK)).toContain('no credentials')
  })

  it("installs npm's package with its units where it is given no other", async () => {
    const other = await startMachine([built.folder, files.path, path.dirname(ANSIBLE)])
    try {
      await other.run(fakeNpm(built.file))
      const npm = { ...vars, dockgate_npm_package: 'dockgate@0.1.0' }
      const { failed, output } = await apply(npm, { on: other, isNpm: true })
      expect(failed, output).toBe(0)
      expect(await other.run('cat /run/npm; systemctl is-active dockgate')).toBe(
        'install --global --no-audit --no-fund dockgate@0.1.0\nactive\n',
      )
    } finally {
      await other.stop()
    }
  })

  it('has a variable in its README for every default, and shows no other', () => {
    const defaults = Object.keys(parse(readFileSync(path.join(ROLE, 'defaults/main.yml'), 'utf8')))
    const rows = [...readFileSync(path.join(ANSIBLE, 'README.md'), 'utf8').matchAll(/^\| `(\w+)` \|/gm)].map(
      ([, name]) => name,
    )
    expect(rows.sort()).toEqual(defaults.sort())
    expect(Object.keys(shown).filter((name) => !defaults.includes(name))).toEqual([])
  })
}

/** There is no registry: what npm would do is done with the files of the Debian package. */
const fakeNpm = (deb: string) => `cat >/usr/local/bin/npm <<'SH'
#!/bin/sh
modules=/usr/local/lib/node_modules
case "$1" in
  root) echo $modules ;;
  ls) test -e $modules/dockgate ;;
  install)
    echo "$*" >>/run/npm
    mkdir -p $modules && dpkg-deb -x ${deb} /run/deb && mv /run/deb/usr/lib/dockgate $modules/
    cp -r ${path.dirname(ANSIBLE)} $modules/dockgate/deploy
    printf '#!/bin/sh\\nexec %s/bin/node %s/dist/cli/main.js "$@"\\n' $modules/dockgate $modules/dockgate >/usr/local/bin/dockgate
    chmod 755 /usr/local/bin/dockgate ;;
esac
SH
chmod 755 /usr/local/bin/npm`

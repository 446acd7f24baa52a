import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Machine, startMachine } from '../support/machine.ts'
import type { Built } from './built.ts'

const ROOT = path.join(import.meta.dirname, '../..')

export function packageTests(built: Built): void {
  let machine: Machine
  beforeAll(async () => {
    machine = await startMachine([built.folder])
    await machine.run(`dpkg -i ${built.file}`)
  })
  afterAll(() => machine.stop())

  it('has the version of package.json and names what its Node is linked to', () => {
    const { version } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'))
    const field = (name: string) => execFileSync('dpkg-deb', ['--field', built.file, name], { encoding: 'utf8' }).trim()
    expect(field('Version')).toBe(version)
    const libraries = execFileSync('ldd', [path.join(ROOT, 'node_modules/node/bin/node')], { encoding: 'utf8' })
    const owners = [...libraries.matchAll(/=> (\S+)/g)].map(([, file = '']) => {
      const real = execFileSync('realpath', [file], { encoding: 'utf8' }).trim()
      return execFileSync('dpkg', ['--search', `*${path.basename(real)}`], { encoding: 'utf8' }).split(':')[0] ?? ''
    })
    for (const owner of new Set(owners)) expect(field('Depends')).toContain(owner)
  })

  it('installs a program that runs on its own Node and takes the configuration that comes with it', async () => {
    const pinned = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')).devDependencies.node
    expect(await machine.run('env --ignore-environment /usr/bin/dockgate version')).toContain(`(node ${pinned}, `)
    const check = await machine.run('cd /; dockgate check --config /etc/dockgate/dockgate.yaml')
    expect(check).toContain('unix:///run/dockgate/docker.sock')
    expect(check).toContain('there is no binding, so nobody has a role')
  })

  it('makes the user, in the group of the engine, and folders that others cannot look into', async () => {
    expect(await machine.run('id --name --groups dockgate')).toBe('dockgate docker\n')
    const paths =
      '/etc/dockgate /etc/dockgate/dockgate.yaml /var/lib/dockgate /var/log/dockgate /usr/lib/dockgate/bin/node'
    expect(await machine.run(`stat --format '%a %U:%G %n' ${paths}`)).toBe(
      [
        '750 root:dockgate /etc/dockgate',
        '644 root:root /etc/dockgate/dockgate.yaml',
        '700 dockgate:dockgate /var/lib/dockgate',
        '750 dockgate:dockgate /var/log/dockgate',
        '755 root:root /usr/lib/dockgate/bin/node',
        '',
      ].join('\n'),
    )
  })

  it('belongs to root, is written by nobody else, and stays whole', async () => {
    const files = await machine.run(`dpkg --listfiles dockgate | xargs -d '\\n' stat --format '%a %U %F'`)
    const kinds = [...new Set(files.trim().split('\n'))].sort()
    expect(kinds).toEqual([
      '644 root regular file',
      '750 root directory',
      '755 root directory',
      '755 root regular file',
    ])
    expect(await machine.run('dpkg --verify dockgate')).toBe('')
  })

  it('does not start or enable the gate: nobody is let in yet', async () => {
    expect(await machine.run('systemctl is-active dockgate dockgate.socket || true')).toBe('inactive\ninactive\n')
    expect(await machine.run('systemctl is-enabled dockgate dockgate.socket || true')).toBe('disabled\ndisabled\n')
  })

  it('keeps a configuration that was changed when it is installed again', async () => {
    await machine.run(`echo '# mine' >>/etc/dockgate/dockgate.yaml; dpkg -i ${built.file} </dev/null`)
    expect(await machine.run('tail --lines 1 /etc/dockgate/dockgate.yaml')).toBe('# mine\n')
  })

  it('goes away with purge, but for what somebody has put beside the configuration', async () => {
    const other = await startMachine([built.folder])
    try {
      await other.run(`
        dpkg -i ${built.file}
        systemctl enable dockgate dockgate.socket
        touch /var/log/dockgate/records.jsonl
        mkdir /etc/dockgate/tls; touch /etc/dockgate/tls/server.key
        dpkg --purge dockgate`)
      expect(await other.run('find /etc /run /usr /var -xdev -ipath "*dockgate*" -print')).toBe(
        '/etc/dockgate\n/etc/dockgate/tls\n/etc/dockgate/tls/server.key\n',
      )
      expect(await other.run('systemctl --failed --quiet')).toBe('')
    } finally {
      await other.stop()
    }
  })

  it('leaves no folder of its own behind when nothing was put there', async () => {
    const other = await startMachine([built.folder])
    try {
      await other.run(`dpkg -i ${built.file}; dpkg --remove dockgate; test -f /etc/dockgate/dockgate.yaml`)
      await other.run('dpkg --purge dockgate; test ! -e /etc/dockgate; test ! -e /var/log/dockgate')
    } finally {
      await other.stop()
    }
  })
}

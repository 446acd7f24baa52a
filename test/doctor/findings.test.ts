import { chmodSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { openRoot } from '../../src/doctor/root.ts'
import { makeHost, removeHosts } from './host.ts'

afterEach(removeHosts)

const VENDOR = '/usr/lib/systemd/system/docker.service'
const OVERRIDE = '/etc/systemd/system/docker.service.d/override.conf'
const JSON_FILE = '/etc/docker/daemon.json'
const FD = '[Service]\nExecStart=/usr/bin/dockerd -H fd://\n'
const dockerd = (args: string) => `[Service]\nExecStart=/usr/bin/dockerd ${args}\n`
const daemonJson = (value: unknown) => ({ [VENDOR]: dockerd(''), [JSON_FILE]: JSON.stringify(value) })

describe('an engine on the network', () => {
  it.each([
    ['plain on every address', '-H tcp://0.0.0.0:2375', 'tcp-plain', 'danger'],
    ['plain on loopback', '-H tcp://127.0.0.1:2375', 'tcp-plain-local', 'danger'],
    ['TLS without verification', '--tls -H tcp://0.0.0.0', 'tcp-unverified', 'danger'],
    ['TLS with verification switched off', '--tlsverify=false -H tcp://0.0.0.0', 'tcp-unverified', 'danger'],
    ['TLS with verification', '--tlsverify -H tcp://0.0.0.0', 'tcp-verified', 'warning'],
    ['TLS with verification on loopback', '--tlsverify -H tcp://[::1]:2376', 'tcp-verified', 'note'],
  ])('is found: %s', async (_, args, id, severity) => {
    const host = makeHost({ [VENDOR]: dockerd(args) })
    expect(await host.find(id)).toMatchObject([{ severity, where: `${VENDOR}:2` }])
  })

  it('is not found on unix sockets and descriptors', async () => {
    const host = makeHost({ [VENDOR]: dockerd('-H fd:// -H unix:///run/x.sock') })
    expect((await host.look()).counts).toMatchObject({ danger: 0, warning: 0 })
  })

  it('is closed by a drop-in of its own, with the rest of the command as it was', async () => {
    const host = makeHost({ [VENDOR]: dockerd('-H fd:// -H tcp://0.0.0.0:2375 --log-opt "tag=%n x" $MORE') })
    const [finding] = await host.find('tcp-plain')
    expect(finding?.change.file).toBe('/etc/systemd/system/docker.service.d/zz-dockgate.conf')
    expect(finding?.change.write).toEqual([
      '[Service]',
      'ExecStart=',
      'ExecStart=/usr/bin/dockerd -H fd:// --log-opt "tag=%n x" $MORE',
    ])
  })

  it('is closed in the drop-in that opened it', async () => {
    const host = makeHost({
      [VENDOR]: FD,
      [OVERRIDE]: `[Service]\nExecStart=\n${dockerd('-H tcp://0.0.0.0:2375').slice(10)}`,
    })
    const [finding] = await host.find('tcp-plain')
    expect(finding?.change).toMatchObject({
      file: OVERRIDE,
      write: ['[Service]', 'ExecStart=', 'ExecStart=/usr/bin/dockerd -H unix:///var/run/docker.sock'],
    })
  })

  it('is gone once the lines of the change are written', async () => {
    const host = makeHost({ [VENDOR]: dockerd('-H tcp://0.0.0.0:2375 -H tcp://[::]:9 -H fd://') })
    const [finding] = await host.find('tcp-plain')
    host.write(finding?.change.file ?? '', `${finding?.change.write.join('\n')}\n`)
    expect((await host.look()).counts.danger).toBe(0)
  })

  it('is closed in the environment file whose variable says so, and gone once that is written', async () => {
    const file = '/etc/sysconfig/docker'
    const host = makeHost({
      [VENDOR]: `${dockerd('-H fd:// $OPTIONS')}EnvironmentFile=-${file}\n`,
      [file]: "# mine\nOPTIONS='--debug -H tcp://0.0.0.0:2375'\n",
    })
    const [finding] = await host.find('tcp-plain')
    expect(finding).toMatchObject({ where: `${file}:2`, change: { file, write: ['OPTIONS="--debug"'] } })
    host.write(file, `${finding?.change.write.join('\n')}\n`)
    expect((await host.look()).counts.danger).toBe(0)
  })

  it('is found in daemon.json, and the sockets beside it stay', async () => {
    const host = makeHost(daemonJson({ hosts: ['unix:///run/a.sock', 'tcp://0.0.0.0:2375'], tls: true }))
    const [finding] = await host.find('tcp-unverified')
    expect(finding).toMatchObject({
      where: `${JSON_FILE}:1`,
      change: { file: JSON_FILE, write: ['"hosts": ["unix:///run/a.sock"]'] },
    })
  })

  it('is found in docker.socket, where a number alone is a port on every address', async () => {
    const unit = '[Socket]\nListenStream=/run/docker.sock\nListenStream=2375\nSocketMode=0660\n'
    const host = makeHost({ [VENDOR]: FD, '/usr/lib/systemd/system/docker.socket': unit })
    const [finding] = await host.find('tcp-plain')
    expect(finding?.what).toContain('[::]:2375')
    host.write(finding?.change.file ?? '', `${finding?.change.write.join('\n')}\n`)
    expect((await host.look()).counts.danger).toBe(0)
  })

  it('shows no secret that stands beside it in daemon.json', async () => {
    const host = makeHost(daemonJson({ hosts: ['tcp://0.0.0.0:2375'], 'log-opts': { 'splunk-token': 'hunter2' } }))
    expect(JSON.stringify(await host.look())).not.toContain('hunter2')
  })
})

describe('contradictions', () => {
  it('finds "hosts" beside -H fd://, with which dockerd does not start', async () => {
    const host = makeHost({ [VENDOR]: FD, [JSON_FILE]: '{\n "hosts": ["unix:///run/a.sock"]\n}' })
    expect(await host.find('configured-twice')).toMatchObject([
      { where: `${JSON_FILE}:2`, change: { write: [], text: `take "hosts" out of ${JSON_FILE}` } },
    ])
  })

  it('finds a second ExecStart= that nothing cleared', async () => {
    const host = makeHost({ [VENDOR]: FD, [OVERRIDE]: FD })
    expect(await host.find('exec-start-twice')).toMatchObject([{ where: `${OVERRIDE}:2` }])
  })

  it('leaves the other hosts of a variable as they are when one is to go', async () => {
    const unit = '[Service]\nEnvironmentFile=-/etc/default/docker\nExecStart=/usr/bin/dockerd $DOCKER_OPTS\n'
    const options = 'DOCKER_OPTS="-H unix:///var/run/docker.sock -H tcp://0.0.0.0:2375 --icc=false"\n'
    const host = makeHost({ [VENDOR]: unit, '/etc/default/docker': options })
    expect(await host.find('tcp-plain')).toMatchObject([
      { change: { write: ['DOCKER_OPTS="-H unix:///var/run/docker.sock --icc=false"'] } },
    ])
  })

  it('finds options that nobody reads', async () => {
    const host = makeHost({ [VENDOR]: FD, '/etc/default/docker': 'DOCKER_OPTS="-H tcp://0.0.0.0:2375"\n' })
    expect(await host.find('options-unused')).toMatchObject([{ severity: 'note', where: '/etc/default/docker:1' }])
    expect(await host.find('tcp-plain')).toEqual([])
  })

  it.each(['{', '[]', '{"hosts": "tcp://0.0.0.0"}', '{"tls": "yes"}'])(
    'finds a broken daemon.json: %s',
    async (text) => {
      const host = makeHost({ [JSON_FILE]: text })
      expect(await host.find('daemon-json-broken')).toHaveLength(1)
      expect(await host.find('icc')).toEqual([])
    },
  )
})

describe('hardening', () => {
  it('asks for three settings, and is silent about those that are there', async () => {
    const ids = async (value: unknown) =>
      (await makeHost(daemonJson(value)).look()).findings.map(({ id, severity }) => `${severity} ${id}`)
    expect(await ids({})).toEqual(['note no-userns-remap', 'note icc', 'note no-live-restore'])
    expect(await ids({ 'userns-remap': 'default', icc: false, 'live-restore': true })).toEqual([])
  })

  it('corrects a setting on the command line there, as daemon.json beside it would clash', async () => {
    const [finding] = await makeHost({ [VENDOR]: dockerd('--icc') }).find('icc')
    expect(finding?.change).toMatchObject({ file: VENDOR, write: [] })
    expect(finding?.change.text).toContain('--icc=false')
  })

  it('tells of authorisation plugins', async () => {
    const host = makeHost(daemonJson({ 'authorization-plugins': ['opa'] }))
    expect((await host.find('authorization-plugin'))[0]?.what).toContain('"opa"')
  })
})

describe('the socket', () => {
  const groups = { '/etc/group': 'root:x:0:\ndocker:x:998:alice,dockgate\n', '/etc/passwd': 'bob:x:7:998::/:/bin/sh\n' }

  it('is root for everybody in group docker, primary groups included, but the gate itself', async () => {
    const [finding] = await makeHost(groups).find('group-members')
    expect(finding?.what).toBe('in group docker: alice, bob')
    expect(finding?.change.run).toEqual(['gpasswd --delete alice docker', 'gpasswd --delete bob docker'])
  })

  it('is judged by its mode', async () => {
    const host = makeHost({ '/var/run/x': '' })
    const path = join(host.folder, '/var/run/docker.sock')
    const server = net.createServer()
    await new Promise<void>((resolve) => server.listen(path, resolve))
    try {
      chmodSync(path, 0o660)
      expect(await host.find('socket-mode')).toEqual([])
      chmodSync(path, 0o666)
      expect(await host.find('socket-mode')).toMatchObject([{ severity: 'danger' }])
    } finally {
      server.close()
    }
  })

  it('is told of when a folder stands in its place', async () => {
    expect(await makeHost({ '/var/run/docker.sock/x': '' }).find('socket-none')).toHaveLength(1)
  })

  it.each([
    ['', 'danger'],
    ['SocketMode=0666\n', 'danger'],
    ['SocketMode=0660\n', null],
  ])('is open to all by docker.socket with %j: %s', async (line, severity) => {
    const host = makeHost({
      '/usr/lib/systemd/system/docker.socket': `[Socket]\nListenStream=/run/docker.sock\n${line}`,
    })
    expect((await host.find('socket-unit-mode')).map((one) => one.severity)).toEqual(
      severity === null ? [] : [severity],
    )
  })
})

describe('what listens', () => {
  const table = (port: string, inode: number) =>
    `  sl\n   0: 00000000:${port} 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 ${inode} 1\n`
  const running = (name: string, port: string) => {
    const host = makeHost({ [VENDOR]: FD, '/proc/net/tcp': table(port, 77), '/proc/42/comm': `${name}\n` })
    host.link('/proc/42/fd/3', 'socket:[77]')
    return host
  }

  it('is found when dockerd has a port that no file names', async () => {
    expect(await running('dockerd', '0947').find('listening-unnamed')).toMatchObject([
      { severity: 'danger', where: '0.0.0.0:2375' },
    ])
    expect(await running('dockerd', '2493').find('listening-unnamed')).toMatchObject([{ severity: 'warning' }])
  })

  it('is not found when a file names it: that is a finding of its own', async () => {
    const host = running('dockerd', '0947')
    host.write(VENDOR, dockerd('-H tcp://0.0.0.0:2375'))
    expect(await host.find('listening-unnamed')).toEqual([])
    expect(await host.find('tcp-plain')).toHaveLength(1)
  })

  it("is nobody's business when another program has the usual port", async () => {
    expect(await running('dockgate', '0948').find('listening-unnamed')).toEqual([])
  })

  it('is taken for an engine on a usual port when its owner cannot be seen', async () => {
    expect(await makeHost({ '/proc/net/tcp': table('0947', 1) }).find('listening-unnamed')).toMatchObject([
      { severity: 'danger' },
    ])
  })

  it("tells of a swarm's ports", async () => {
    expect(await running('dockerd', '0949').find('swarm-port')).toMatchObject([{ severity: 'warning' }])
  })

  it('is found in the tables of this very machine', async () => {
    const server = net.createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = server.address() as net.AddressInfo
      const { readListening } = await import('../../src/doctor/proc-net.ts')
      const own = readListening(openRoot('/')).find((one) => one.port === port)
      expect(own).toMatchObject({ host: '127.0.0.1', owners: [expect.any(String)] })
    } finally {
      server.close()
    }
  })
})

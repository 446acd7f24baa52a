import { afterEach, describe, expect, it } from 'vitest'
import { openRoot } from '../../src/doctor/root.ts'
import { readSetUp } from '../../src/doctor/set-up.ts'
import { readUnit } from '../../src/doctor/units.ts'
import { makeHost, removeHosts } from './host.ts'

afterEach(removeHosts)

const VENDOR = '/usr/lib/systemd/system/docker.service'
const UNIT = '[Service]\nExecStart=/usr/bin/dockerd -H fd:// $DOCKER_OPTS\n'

const hostsOf = (folder: string) =>
  readSetUp(openRoot(folder))
    .settings.filter(({ option }) => option === 'hosts')
    .map(({ value }) => value)

describe('docker.service', () => {
  it('is the file of the first folder, with drop-ins by name from all of them', () => {
    const host = makeHost({
      [VENDOR]: '[Service]\nExecStart=no\n',
      '/etc/systemd/system/docker.service': '[Service]\nA=own\n',
      '/etc/systemd/system/docker.service.d/20.conf': '[Service]\nA=twenty\n',
      '/usr/lib/systemd/system/docker.service.d/10.conf': '[Service]\nA=ten\n',
      '/run/systemd/system/service.d/15.conf': '[Service]\nA=fifteen\n',
      '/etc/systemd/system/docker.service.d/notes.txt': '[Service]\nA=never\n',
    })
    const unit = readUnit(openRoot(host.folder), 'docker.service')
    expect(unit?.lines.map(({ value }) => value)).toEqual(['own', 'ten', 'fifteen', 'twenty'])
  })

  it('has of two drop-ins with one name that of the first folder', () => {
    const host = makeHost({
      '/etc/systemd/system/docker.service.d/a.conf': '[S]\nA=etc\n',
      '/usr/lib/systemd/system/docker.service.d/a.conf': '[S]\nA=lib\n',
      '/etc/systemd/system/service.d/a.conf': '[S]\nA=type\n',
    })
    expect(readUnit(openRoot(host.folder), 'docker.service')?.lines.map(({ value }) => value)).toEqual(['etc'])
  })

  it('loses a drop-in that a link to /dev/null stands for', () => {
    const host = makeHost({ '/usr/lib/systemd/system/docker.service.d/a.conf': '[S]\nA=lib\n' })
    host.link('/etc/systemd/system/docker.service.d/a.conf', '/dev/null')
    expect(readUnit(openRoot(host.folder), 'docker.service')).toBeNull()
  })

  it('is masked by a link to /dev/null', async () => {
    const host = makeHost({ [VENDOR]: UNIT })
    host.link('/etc/systemd/system/docker.service', '/dev/null')
    expect(await host.find('service-masked')).toHaveLength(1)
  })

  it('forgets the command of the package when a drop-in clears it', () => {
    const host = makeHost({
      [VENDOR]: '[Service]\nExecStart=/usr/bin/dockerd -H tcp://0.0.0.0:2375\n',
      '/etc/systemd/system/docker.service.d/o.conf': '[Service]\nExecStart=\nExecStart=/usr/bin/dockerd -H fd://\n',
    })
    expect(hostsOf(host.folder)).toEqual(['fd://'])
  })

  it('has the words of a variable, from Environment= or a file that wins over it', () => {
    const host = makeHost({ [VENDOR]: `${UNIT}Environment="DOCKER_OPTS=-H tcp://1.1.1.1:1"\n` })
    expect(hostsOf(host.folder)).toEqual(['fd://', 'tcp://1.1.1.1:1'])
    host.write('/etc/systemd/system/docker.service.d/e.conf', '[Service]\nEnvironmentFile=-/etc/default/docker\n')
    host.write('/etc/default/docker', 'DOCKER_OPTS="-H tcp://2.2.2.2:2"\n')
    expect(hostsOf(host.folder)).toEqual(['fd://', 'tcp://2.2.2.2:2'])
  })

  it('has a braced variable as a part of one word, and none with the prefix ":"', () => {
    const command = 'dockerd -H tcp://${A}:1\nEnvironment=A=9.9.9.9\n'
    expect(hostsOf(makeHost({ [VENDOR]: `[Service]\nExecStart=/${command}` }).folder)).toEqual(['tcp://9.9.9.9:1'])
    expect(hostsOf(makeHost({ [VENDOR]: `[Service]\nExecStart=:/${command}` }).folder)).toEqual(['tcp://${A}:1'])
  })

  it('reads the configuration file that the command line names', () => {
    const host = makeHost({
      [VENDOR]: '[Service]\nExecStart=/usr/bin/dockerd --config-file=/srv/d.json\n',
      '/srv/d.json': '{"hosts": ["tcp://3.3.3.3:3"]}',
      '/etc/docker/daemon.json': '{"hosts": ["tcp://4.4.4.4:4"]}',
    })
    expect(hostsOf(host.folder)).toEqual(['tcp://3.3.3.3:3'])
  })
})

describe('without docker.service', () => {
  it('takes DOCKER_OPTS for the options of dockerd, and runs nothing that is in them', () => {
    const host = makeHost()
    const mark = `${host.folder}/ran`
    host.write('/etc/default/docker', `export DOCKER_OPTS="-H tcp://0.0.0.0:2375 $(touch ${mark})"\n`)
    expect(hostsOf(host.folder)).toEqual(['tcp://0.0.0.0:2375'])
    expect(openRoot('/').facts(mark)).toBeNull()
  })
})

describe('a root folder', () => {
  it('follows absolute links inside of itself', () => {
    const host = makeHost({ '/lib/x': 'inside' })
    host.link('/etc/x', '/lib/x')
    host.link('/etc/y', '../../../../etc/x')
    expect(openRoot(host.folder).read('/etc/y')).toBe('inside')
  })

  it('does not let a link lead out', () => {
    const secret = makeHost({ '/secret': 'outside' })
    const host = makeHost()
    host.link('/etc/x', `${secret.folder}/secret`)
    host.link('/etc/y', `../../../../../..${secret.folder}/secret`)
    const root = openRoot(host.folder)
    expect([root.read('/etc/x'), root.read('/etc/y'), root.read(`/../..${secret.folder}/secret`)]).toEqual([
      null,
      null,
      null,
    ])
  })

  it('says of a loop of links, and of a file beyond the bound, that it could not be read', () => {
    const host = makeHost({ '/big': 'x'.repeat(1024 * 1024 + 1) })
    host.link('/a', '/b')
    host.link('/b', '/a')
    const root = openRoot(host.folder)
    expect([root.read('/a'), root.read('/big')]).toEqual([null, null])
    expect([...root.unread.keys()]).toEqual(['/a', '/big'])
  })
})

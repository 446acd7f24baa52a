import { describe, expect, it } from 'vitest'
import { asked, check, create, hostConfig, sent, unknownIn } from './checked.ts'
import { CLIENT_BODIES, DOCKER_CREATE } from './client-bodies.ts'

describe('stock clients', () => {
  it.each(CLIENT_BODIES)('%s of %s is known, to the last name', (operation, _, body) => {
    const { unknown, wrongType } = check(operation, body)
    expect([...unknown, ...wrongType]).toEqual([])
  })

  it('docker create without options asks for an image and the default network', () => {
    expect(asked(create(DOCKER_CREATE))).toEqual([
      'HostConfig.NetworkMode: workload.networks',
      'Image: workload.images',
      'NetworkingConfig.EndpointsConfig: workload.networks',
    ])
    expect(sent(create(DOCKER_CREATE))).toBe(DOCKER_CREATE)
  })

  it('what they write and no engine reads is not sent', () => {
    expect(sent(create('{"Image":"x","name":"n","PortSpecs":["80"],"HostConfig":{"LxcConf":[{"Key":"a"}]}}'))).toBe(
      '{"Image":"x","HostConfig":{}}',
    )
    expect(sent(check('ExecStart', '{"hijack":true,"Tty":true}'))).toBe('{"Tty":true}')
  })

  it('their own spellings are sent as the engine spells them', () => {
    expect(sent(check('ContainerExec', '{"Cmd":["ls"],"detachKeys":"ctrl-x"}'))).toBe(
      '{"Cmd":["ls"],"DetachKeys":"ctrl-x"}',
    )
    expect(sent(check('ServiceCreate', '{"Mode":{"global":{}}}'))).toBe('{"Mode":{"Global":{}}}')
    expect(asked(check('ServiceCreate', '{"Mode":{"global":{}}}'))).toEqual(['Mode.Global: workload.limits'])
    expect(asked(hostConfig('"NanoCPUs":1'))).toEqual(['HostConfig.NanoCpus: workload.limits'])
  })

  it('T42: a field under both its spellings counts where both say the same, and is refused elsewhere', () => {
    expect(sent(check('NetworkCreate', '{"enableIPv6":true,"EnableIPv6":true}'))).toBe('{"EnableIPv6":true}')
    expect(unknownIn(check('NetworkCreate', '{"enableIPv6":true,"EnableIPv6":false}'))).toEqual(['enableIPv6'])
    expect(unknownIn(hostConfig('"NanoCpus":1,"NanoCPUs":2'))).toEqual(['HostConfig.NanoCPUs'])
    expect(unknownIn(check('ServiceCreate', '{"Mode":{"global":{},"Global":{}}}'))).toEqual(['Mode.global'])
  })
})

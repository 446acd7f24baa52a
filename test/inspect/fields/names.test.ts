import { describe, expect, it } from 'vitest'
import { serialiseJson } from '../../../src/inspect/json/serialise.ts'
import { asked, check, create, hostConfig, sent, unknownIn } from './checked.ts'

describe('names', () => {
  it.each([
    ['T40', '"privileged":true', 'HostConfig.privileged', 'Privileged'],
    ['T40', '"PRIVILEGED":true', 'HostConfig.PRIVILEGED', 'Privileged'],
    ['T40', '"nanoCpus":1', 'HostConfig.nanoCpus', 'NanoCpus'],
    ['T42', '"Binds":null,"binds":["/:/host"]', 'HostConfig.binds', 'Binds'],
    ['T43', '"\\u0070rivileged":true', 'HostConfig.privileged', 'Privileged'],
    ['T44', '"Bind\u017f":["/:/host"]', 'HostConfig["Bind\u017f"]', 'Binds'],
    ['T44', '"Networ\u212aMode":"host"', 'HostConfig["Networ\u212aMode"]', 'NetworkMode'],
    ['T44', '"\\u017fecurityOpt":[]', 'HostConfig["\u017fecurityOpt"]', 'SecurityOpt'],
    ['T79', '"Hyperdrive":true', 'HostConfig.Hyperdrive', null],
    ['T79, asking for nothing', '"Hyperdrive":null', 'HostConfig.Hyperdrive', null],
    ['an empty one', '"":1', 'HostConfig[""]', null],
    ['one with a dot', '"a.b":1', 'HostConfig["a.b"]', null],
    ['one that a terminal would act on', '"\\u001b[2J":1', 'HostConfig["\\u{1b}[2J"]', null],
  ])('%s: refuses {%s}', (_, member, path, nearest) => {
    expect(hostConfig(member).unknown).toMatchObject([{ path, belongs: null, nearest }])
  })

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype'])(
    'T49: refuses %s as any other name that is not in the table',
    (name) => {
      expect(hostConfig(`"${name}":{}`).unknown).toHaveLength(1)
      expect(create(`{"${name}":{}}`).unknown).toHaveLength(1)
    },
  )

  it('refuses them however deep', () => {
    const mount = '{"Type":"volume","VolumeOptions":{"DriverConfig":{"options":{"device":"/"}}}}'
    expect(unknownIn(hostConfig(`"Mounts":[{},${mount}]`))).toEqual([
      'HostConfig.Mounts[1].VolumeOptions.DriverConfig.options',
    ])
    const endpoint = '{"EndpointsConfig":{"my net":{"networkID":"x"}}}'
    expect(unknownIn(create(`{"NetworkingConfig":${endpoint}}`))).toEqual([
      'NetworkingConfig.EndpointsConfig["my net"].networkID',
    ])
  })

  it('lists all of them, and one beyond sixteen', () => {
    expect(unknownIn(create('{"a":1,"HostConfig":{"b":1},"NetworkingConfig":{"c":1}}'))).toEqual([
      'a',
      'HostConfig.b',
      'NetworkingConfig.c',
    ])
    const many = Array.from({ length: 100 }, (_, i) => `"x${i}":1`).join()
    const { unknown, value } = create(`{${many}}`)
    expect(unknown.map(({ path, kept }) => [path, kept])).toEqual(
      Array.from({ length: 17 }, (_, i) => [`x${i}`, i < 16]),
    )
    expect(Object.keys(value as object)).toHaveLength(16 + 1)
  })

  it('tells a role their names without the places in lists and keys on the way', () => {
    const body = '{"HostConfig":{"Mounts":[{},{"Foo":1}]},"NetworkingConfig":{"EndpointsConfig":{"n":{"Bar":1}}}}'
    expect(create(body).unknown.map(({ name }) => name)).toEqual([
      'HostConfig.Mounts.Foo',
      'NetworkingConfig.EndpointsConfig.Bar',
    ])
  })

  it('keeps those of newer engines, with what they hold as it is written', () => {
    const body = '{"New":{"b":[null,1.0,{}],"a":"\\u017f"},"Image":"x","HostConfig":{"Mounts":[{"Foo":null}]}}'
    const { unknown, value } = create(body)
    expect(unknown.map(({ path, kept }) => [path, kept])).toEqual([
      ['New', true],
      ['HostConfig.Mounts[0].Foo', true],
    ])
    expect(serialiseJson(value).toString()).toBe(body.replace('\\u017f', '\u017f'))
  })

  it.each([
    ...['"privileged":true', '"PRIVILEGED":true', '"Bind\u017f":[]', '"Networ\u212aMode":"host"', '"a.b":1', '"":1'],
    ...['"NanoCPUs":1,"NanoCpus":2', '"diskquota":1'],
  ])('keeps none that an engine may read as another name, or has not: {%s}', (member) => {
    const { unknown, value } = hostConfig(member)
    expect(unknown.map(({ kept }) => kept)).toEqual([false])
    expect(create(serialiseJson(value).toString()).unknown).toEqual([])
  })

  it('T45: leaves the keys of maps free, and tells apart what differs in case', () => {
    const labels = '"Labels":{"1000":"1","a":"2","A":"3","\u017f":"4","__proto__":"5","":"6"}'
    const checked = create(`{${labels}}`)
    expect(asked(checked)).toEqual(['Labels: workload.labels'])
    expect(sent(checked)).toContain(labels)
    expect(asked(hostConfig('"Sysctls":{"Kernel.MSGMAX":"1"}'))).toEqual(['HostConfig.Sysctls: workload.sysctls'])
  })

  it('T45: holds what a map has under its keys against the table all the same', () => {
    expect(create('{"Labels":{"a":1}}').wrongType).toEqual([{ path: 'Labels["a"]', wanted: 'a string' }])
  })
})

describe('T78b: the names of HostConfig at the top', () => {
  it.each([
    ['{"Image":"x","Privileged":true}', 'Privileged', 'HostConfig.Privileged'],
    ['{"Image":"x","Privileged":true,"HostConfig":null}', 'Privileged', 'HostConfig.Privileged'],
    ['{"Image":"x","Privileged":true,"HostConfig":{}}', 'Privileged', 'HostConfig.Privileged'],
    ['{"Binds":["/:/host"]}', 'Binds', 'HostConfig.Binds'],
    ['{"Memory":0,"HostConfig":{}}', 'Memory', 'HostConfig.Memory'],
    ['{"NanoCPUs":1}', 'NanoCPUs', 'HostConfig.NanoCpus'],
    ['{"Cpuset":"0"}', 'Cpuset', 'HostConfig.CpusetCpus'],
    ['{"pidmode":"host"}', 'pidmode', 'HostConfig.PidMode'],
  ])('%s is refused, and told where it belongs', (body, path, belongs) => {
    expect(create(body).unknown).toMatchObject([{ path, belongs, nearest: null }])
  })

  it.each(['{"Image":"x"}', '{"Image":"x","HostConfig":null}', '{"Image":"x","HostConfig":{}}'])(
    'HostConfig is always sent as an object: %s',
    (body) => expect(sent(create(body))).toBe('{"Image":"x","HostConfig":{}}'),
  )
})

describe('T46, T78: types', () => {
  it.each([
    ['ContainerCreate', 'null', '(body)', 'an object'],
    ['ContainerCreate', '[]', '(body)', 'an object'],
    ['ContainerExec', 'null', '(body)', 'an object'],
    ['PluginPull', '{}', '(body)', 'a list'],
    ['ContainerCreate', '{"HostConfig":[]}', 'HostConfig', 'an object'],
    ['ContainerCreate', '{"HostConfig":""}', 'HostConfig', 'an object'],
    ['ContainerCreate', '{"Labels":[]}', 'Labels', 'an object'],
    ['ContainerCreate', '{"Image":1}', 'Image', 'a string'],
    ['ContainerCreate', '{"Tty":"true"}', 'Tty', 'true or false'],
    ['ContainerCreate', '{"Tty":1}', 'Tty', 'true or false'],
    ['ContainerCreate', '{"Env":"A=b"}', 'Env', 'a list'],
    ['ContainerCreate', '{"Env":[null]}', 'Env[0]', 'a string'],
    ['ContainerCreate', '{"Volumes":{"/x":""}}', 'Volumes["/x"]', 'an object'],
    ['ContainerCreate', '{"HostConfig":{"Mounts":[null]}}', 'HostConfig.Mounts[0]', 'an object'],
    ['ContainerCreate', '{"HostConfig":{"Memory":"8"}}', 'HostConfig.Memory', 'an integer of 64 bits'],
    ['ContainerCreate', '{"HostConfig":{"Memory":8.0}}', 'HostConfig.Memory', 'an integer of 64 bits'],
    ['ContainerCreate', '{"HostConfig":{"Memory":1e3}}', 'HostConfig.Memory', 'an integer of 64 bits'],
    ['ContainerCreate', '{"HostConfig":{"Memory":9223372036854775808}}', 'HostConfig.Memory', 'an integer of 64 bits'],
    ['ContainerCreate', '{"HostConfig":{"Memory":-9223372036854775809}}', 'HostConfig.Memory', 'an integer of 64 bits'],
    ['ContainerExec', '{"Cmd":"sh"}', 'Cmd', 'a list'],
    ['ServiceCreate', '{"UpdateConfig":{"MaxFailureRatio":"1"}}', 'UpdateConfig.MaxFailureRatio', 'a number'],
  ])('%s refuses %s', (operation, body, path, wanted) => {
    expect(check(operation, body).wrongType).toEqual([{ path, wanted }])
  })

  it('T48: leaves the greatest and the least integer as they are written', () => {
    const body = '{"HostConfig":{"Memory":9223372036854775807,"MemorySwap":-9223372036854775808,"CpuShares":-0}}'
    expect(sent(create(body))).toBe(body)
    expect(asked(create(body))).toEqual([
      'HostConfig.Memory: workload.limits',
      'HostConfig.MemorySwap: workload.limits',
    ])
  })

  it('T78: takes null for a field that is absent', () => {
    const nulls = '{"Image":null,"Labels":null,"Cmd":null,"HostConfig":{"Mounts":null,"PidsLimit":null}}'
    expect(asked(create(nulls))).toEqual([])
    expect(asked(create('{"ExposedPorts":{"80/tcp":null},"Labels":{"a":null}}'))).toEqual(['Labels: workload.labels'])
  })

  it('T78: takes a body that asks for nothing', () => {
    expect(asked(create('{}'))).toEqual([])
    expect(asked(check('ImageCommit', 'null'))).toEqual([])
  })

  it('T81: reads a command in one string as the engine does, and sends a list', () => {
    expect(sent(create('{"Cmd":"ls","HostConfig":{"CapAdd":"ALL"}}'))).toBe(
      '{"Cmd":["ls"],"HostConfig":{"CapAdd":["ALL"]}}',
    )
    expect(hostConfig('"CapAdd":"ALL"').bounded.get('workload.capabilities')).toEqual([
      { path: 'HostConfig.CapAdd', name: 'HostConfig.CapAdd', value: ['ALL'] },
    ])
  })
})

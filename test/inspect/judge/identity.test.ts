import { describe, expect, it } from 'vitest'
import { allowed, host, judged, refused, sentFor, withImage, workload } from './judged.ts'

const ID = 'ab'.repeat(32)

describe('images', () => {
  const ROLE = workload(
    'images: ["docker.io/library/*", "registry.acme.io/${claims.team}/**:v*", "ghcr.io/a/b@sha256:*"]',
  )

  it.each([
    ...['alpine', 'alpine:3.20', 'index.docker.io/library/alpine', `alpine@sha256:${ID}`, 'cafe:1', 'docker.io/cafe'],
    ...['registry.acme.io/blue/x/y:v1', `ghcr.io/a/b:any@sha256:${ID}`],
  ])('allows %s', (Image) => {
    allowed(ROLE, { Image }, { claims: { team: 'blue' } })
  })

  it.each([
    ...['acme/alpine', 'registry.acme.io/red/x:v1', 'registry.acme.io/blue/x', 'registry.acme.io/blue/x:latest'],
    ...[
      'evil.io/library/alpine',
      'docker.io.evil.io/library/alpine',
      'ghcr.io/a/b',
      'ghcr.io/a/b:1',
      'Alpine',
      'al pine',
    ],
    ...['foo_bar.io/x', 'alpine:', ':alpine', '../alpine'],
  ])('refuses %j', (Image) => {
    expect(refused(ROLE, { Image }, { claims: { team: 'blue' } })).toHaveLength(1)
  })

  it.each([ID, `sha256:${ID}`, 'abcdef012345', 'cafe', 'sha256:ab', 'a', `sha512:${ID}`])(
    'refuses %s, which may be the id of an image of any name, and says to use the name',
    (Image) => {
      const { findings } = judged(workload('images: ["docker.io/**"]'), { Image })
      expect(findings).toMatchObject([{ key: 'workload.images', why: expect.stringContaining('use a name') }])
      allowed(workload('images: ["**"]'), { Image })
    },
  )

  it.each(['{}', '{"Image":null}', '{"Image":""}'])(
    'wants one named in %s, as the engine makes a container of none',
    (body) => {
      expect(refused(workload('images: ["docker.io/**"]'), body)).toEqual(['Image: nothing (workload.images)'])
      allowed(workload('images: ["**"]'), body)
    },
  )
})

describe('the user (T74)', () => {
  const NON_ROOT = withImage('user: nonRoot')
  const as = (User: string | null) => ({ Image: 'alpine', User })

  it.each([
    '',
    '0',
    '00',
    '0:5',
    'root',
    'Root',
    'ROOT:root',
    '+0',
    '-0',
    'nobody',
    ':5',
    '0x5',
    ' 5',
    '5 ',
    '4294967296',
  ])('takes %j for root', (user) => {
    expect(refused(NON_ROOT, as(user))).toHaveLength(1)
  })

  it('wants a user stated, or one of the role', () => {
    expect(refused(NON_ROOT, as(null))).toEqual(['User: nothing (workload.user)'])
    expect(allowed(withImage('user: nonRoot, defaults: {user: "5:5"}'), as(''))).toMatchObject(as('5:5'))
    expect(refused(withImage('user: nonRoot, defaults: {user: "5:5"}'), as('0'))).toEqual(['User: "0" (workload.user)'])
  })

  it.each(['5', '5:0', '1000:1000', '65534:nogroup'])('takes %j for somebody else', (user) => {
    allowed(NON_ROOT, as(user))
  })

  it('leaves the user to the image where the role says nothing, and allows any where it says so', () => {
    allowed(withImage(''), as(''))
    expect(refused(withImage(''), as('5'))).toEqual(['User: "5" (workload.user)'])
    allowed(withImage('user: any'), as('root'))
  })

  it('judges further groups alike (T73)', () => {
    const body = (GroupAdd: string[]) => ({ Image: 'alpine', User: '5', HostConfig: { GroupAdd } })
    expect(refused(NON_ROOT, body(['0', 'docker', '6']))).toEqual([
      'HostConfig.GroupAdd[0]: "0" (workload.user)',
      'HostConfig.GroupAdd[1]: "docker" (workload.user)',
    ])
    allowed(withImage('user: any'), body(['0']))
  })
})

describe('labels', () => {
  const ROLE = withImage('labels: {reserved: ["com.acme.*"], required: {team: "${claims.team}"}}')
  const blue = { claims: { team: 'blue' } }
  const labelled = (Labels: object) => ({ Image: 'alpine', Labels })

  it('refuses reserved ones, and shows no values', () => {
    expect(refused(ROLE, labelled({ team: 'blue', 'com.acme.owner': 's3cret', other: 'x' }), blue)).toEqual([
      'Labels["com.acme.owner"]: "com.acme.owner" (workload.labels)',
    ])
  })

  it('wants the required ones, with the value of the pattern', () => {
    allowed(ROLE, labelled({ team: 'blue' }), blue)
    for (const labels of [{}, { team: 'red' }, { Team: 'blue' }]) {
      expect(refused(ROLE, labelled(labels), blue)).toEqual(['Labels: nothing (workload.labels.required)'])
    }
    expect(refused(ROLE, '{"Image":"alpine","Labels":null}', blue)).toHaveLength(1)
    expect(refused(ROLE, labelled({ team: '*' }), { claims: {} })).toHaveLength(1)
  })

  it.each(['io.dockgate.owner', 'IO.dockgate.owner', 'io.dockgate.', 'io.dockgate'])(
    'keeps %s to the gate, whatever the role',
    (name) => {
      expect(refused(withImage('labels: {}, hostFields: ["*"]'), labelled({ [name]: 'x' }))).toHaveLength(1)
      expect(refused(withImage(''), labelled({ [name]: 'x' }))).toHaveLength(1)
    },
  )

  it('allows none where the role has no labels, and any other where it has', () => {
    expect(refused(withImage(''), labelled({ a: 'b', c: 'd' }))).toHaveLength(2)
    allowed(withImage('labels: {}'), labelled({ a: 'b', __proto__: 'x', 'io.dockgateway': 'x' }))
  })

  it('judges those of volumes that a mount makes, and of networks, volumes, configs and commits', () => {
    const mount = { Type: 'volume', Source: 'data', VolumeOptions: { Labels: { 'io.dockgate.owner': 'x' } } }
    expect(refused(withImage('volumes: ["*"], labels: {}'), host({ Mounts: [mount] }))).toHaveLength(1)
    const Labels = { 'io.dockgate.owner': 'x' }
    const role = withImage('volumes: ["*"], networks: ["*"], labels: {required: {team: x}}')
    for (const operation of ['VolumeCreate', 'NetworkCreate', 'ConfigCreate', 'SecretCreate'] as const) {
      expect(refused(role, { Name: 'data', Labels }, { operation })).toHaveLength(1)
    }
    expect(refused(role, { Labels }, { operation: 'ImageCommit' })).toHaveLength(1)
  })
})

describe('a commit that changes the configuration (T83)', () => {
  it('is judged as far as it says anything', () => {
    const body = { User: 'root', Volumes: { '/x': {} }, Image: 'evil.io/x', Env: ['A=b'] }
    expect(refused(withImage(''), body, { operation: 'ImageCommit' })).toEqual([
      'Image: "evil.io/x" (workload.images)',
      'Volumes["/x"]: a volume without a name (workload.volumes)',
      'User: "root" (workload.user)',
    ])
    allowed(withImage('user: nonRoot, limits: {memory: 1GiB}'), 'null', { operation: 'ImageCommit' })
  })

  it('leaves checkpoints and their directories to roles that list the field', () => {
    const body = { CheckpointID: '../../etc', CheckpointDir: '/' }
    expect(refused(withImage(''), body, { operation: 'CheckpointCreate' })).toEqual([
      'CheckpointID: "../../etc" (workload.hostFields)',
      'CheckpointDir: "/" (workload.hostFields)',
    ])
    allowed(withImage('hostFields: ["Checkpoint*"]'), body, { operation: 'CheckpointCreate' })
  })
})

describe('a missing HostConfig (T78)', () => {
  it.each([
    '{"Image":"alpine"}',
    '{"Image":"alpine","HostConfig":null}',
    '{"Image":"alpine","Labels":null,"HostConfig":{}}',
  ])('is sent as an object in %s', (body) => {
    expect(sentFor(withImage(''), body)).toMatchObject({ HostConfig: {} })
    expect(sentFor(withImage('defaults: {pids: 5}'), body)).toMatchObject({ HostConfig: { PidsLimit: 5 } })
  })

  it('does not take its fields from the top of the body (T78b)', () => {
    const { findings } = judged(withImage('unknownFields: ["*"]'), { Image: 'alpine', Privileged: true })
    expect(findings).toEqual([
      {
        field: 'Privileged',
        asked: 'a field that is not known here',
        key: 'workload.unknownFields',
        why: 'it belongs at HostConfig.Privileged',
      },
    ])
  })
})

describe('fields that are not known (T79)', () => {
  it('are refused by name, unless the role lists them', () => {
    const body = { Image: 'alpine', HostConfig: { ReachTheHost: true } }
    expect(refused(withImage(''), body)).toEqual([
      'HostConfig.ReachTheHost: a field that is not known here (workload.unknownFields)',
    ])
    expect(judged(withImage('unknownFields: [HostConfig.ReachTheHost]'), body).findings).toEqual([])
    expect(judged(withImage('unknownFields: [Other]'), body).findings).toHaveLength(1)
    expect(refused('{}', body)).toContain(
      'HostConfig.ReachTheHost: a field that is not known here (workload.unknownFields)',
    )
  })

  it('are sent as they are, where the role lists them by name, places in lists and keys left out', () => {
    const body = {
      Image: 'alpine',
      New: { a: [null, 1] },
      HostConfig: { Mounts: [{ Type: 'tmpfs', Target: '/t', Foo: 1 }] },
    }
    const role = withImage('tmpfs: {size: unlimited}, unknownFields: [New, HostConfig.Mounts.Foo]')
    expect(allowed(role, body)).toMatchObject(body)
    expect(refused(withImage('tmpfs: {size: unlimited}, unknownFields: [New]'), body)).toEqual([
      'HostConfig.Mounts[0].Foo: a field that is not known here (workload.unknownFields)',
    ])
  })

  it('are sixteen in one body at most, whatever the role lists', () => {
    const some = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`Unheard${i}`, 1]))
    const role = withImage('unknownFields: ["*"]')
    const body = { Image: 'alpine', ...some(16) }
    expect(allowed(role, body)).toMatchObject(body)
    expect(judged(role, { Image: 'alpine', ...some(17) }).findings).toMatchObject([
      { field: 'Unheard16', why: 'a body may have 16 such fields, and this one has more' },
    ])
  })

  it.each(['privileged', 'PRIVILEGED', 'Priv\u0131leged', 'Bind\u017f', 'Privileged ', 'networ\u212aMode'])(
    'are never %j, which an engine may read as another name',
    (name) => {
      const body = { Image: 'alpine', HostConfig: { [name]: true } }
      expect(judged(withImage('unknownFields: ["*"]'), body).findings).toHaveLength(1)
    },
  )
})

describe('fields that reach the host', () => {
  it.each([
    ['SwarmJoin', { JoinToken: 'SWMTKN-s3cret' }],
    ['SwarmUnlock', { UnlockKey: 's3cret' }],
    ['SystemAuth', { username: 'u', password: 's3cret' }],
    ['SwarmInit', { Spec: { CAConfig: { SigningCAKey: 's3cret' } } }],
    ['PluginSet', ['TOKEN=s3cret']],
    ['ServiceCreate', { TaskTemplate: { Runtime: 'plugin', PluginSpec: { env: ['TOKEN=s3cret'] } } }],
    ['VolumeCreate', { Name: 'data', DriverOpts: { o: 'password=s3cret' } }],
  ] as const)('are refused in %s without telling what they hold', (operation, body) => {
    const { findings } = judged(withImage('volumes: ["*"]'), body, { operation })
    expect(findings.length).toBeGreaterThan(0)
    expect(JSON.stringify(findings)).not.toContain('s3cret')
    expect(judged(withImage('volumes: ["*"], hostFields: ["*"]'), body, { operation }).findings).toEqual([])
  })
})

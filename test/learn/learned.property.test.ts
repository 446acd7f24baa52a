import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFindings } from '../../src/config/findings.ts'
import { roleSchema } from '../../src/config/schema.ts'
import { BODY_FIELDS } from '../../src/engine/fields/bodies.ts'
import type { OperationId } from '../../src/engine/operations.ts'
import { collectFacts } from '../../src/inspect/facts/collect.ts'
import type { Facts } from '../../src/inspect/facts/facts.ts'
import { checkFields } from '../../src/inspect/fields.ts'
import { parseJson } from '../../src/inspect/json/parse.ts'
import { roleOf } from '../../src/learn/role.ts'
import { nothingSeen, type Seen, see } from '../../src/learn/seen.ts'
import { PRESETS } from '../../src/policy/profile/presets.ts'
import { compileProfile } from '../../src/policy/profile/profile.ts'
import { compileRole } from '../../src/policy/role.ts'
import { judged, refused } from '../inspect/judge/judged.ts'
import { operation, principalWith } from '../policy/fixtures.ts'

const ADMIN = compileProfile(PRESETS.admin.parts)
const RUNS = { numRuns: 300, seed: 61 }
const GiB = 1024 ** 3

interface Request {
  readonly id: OperationId
  readonly body: object
}

function factsOf({ id, body }: Request): Facts | null {
  const table = BODY_FIELDS.get(id)
  if (table === undefined) throw new Error(`${id} has no table`)
  const checked = checkFields(table, parseJson(Buffer.from(JSON.stringify(body))))
  const asked = { operation: operation(id), principal: principalWith(), headers: [], hostPaths: null }
  return collectFacts({ ...asked, checked, body: checked.value })
}

function seenOf(requests: readonly Request[]): Seen {
  const seen = nothingSeen()
  for (const request of requests) {
    see(seen, { issuer: 'local', subject: 'a', operation: request.id, asked: factsOf(request) })
  }
  return seen
}

function learnedOf(seen: Seen) {
  const findings = createFindings()
  const role = compileRole('learned', roleSchema.parse(roleOf(seen)), findings)
  expect(findings.problems).toEqual([])
  return role.profile
}

const word = fc.stringMatching(/^[g-z][g-z0-9]{1,6}$/)
const few = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { maxLength: 3 })
const path = few(word).map((words) => `/${words.join('/')}`)
const size = fc.integer({ min: -1, max: 4 * GiB })
const image = fc
  .tuple(word, fc.constantFrom('', ':1', ':2', ':3', ':4', ':5', `@sha256:${'0'.repeat(64)}`))
  .map((parts) => parts.join(''))
const anyImage = fc.oneof({ weight: 9, arbitrary: image }, { weight: 1, arbitrary: fc.constant('deadbeef') })
const bind = fc
  .tuple(
    fc.oneof(path, word),
    word,
    fc.constantFrom('', ':ro', ':rw', ':z', ':ro,Z', ':rshared', ':ro,slave', ':nocopy'),
  )
  .map(([source, target, mode]) => `${source}:/${target}${mode}`)
const mount = fc.oneof(
  fc.record({
    Type: fc.constant('bind'),
    Source: path,
    Target: path,
    ReadOnly: fc.boolean(),
    BindOptions: fc.record(
      {
        Propagation: fc.constantFrom('', 'rshared', 'private'),
        ReadOnlyNonRecursive: fc.boolean(),
        NonRecursive: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
  }),
  fc.record({
    Type: fc.constant('volume'),
    Source: fc.constantFrom('', 'data', 'job-1-x', 'job-2-x', 'job-3-x', 'job-4-x'),
  }),
  fc.record({
    Type: fc.constant('tmpfs'),
    TmpfsOptions: fc.record(
      {
        SizeBytes: fc.integer({ min: 0, max: GiB }),
        Options: few(fc.constantFrom(['exec'], ['size', '5m'], ['noexec'])),
      },
      { requiredKeys: [] },
    ),
  }),
  fc.record({ Type: fc.constant('image'), Source: image, Target: path }),
)
const hostConfig = fc.record(
  {
    Binds: few(bind),
    Mounts: few(mount),
    Tmpfs: fc.dictionary(word, fc.constantFrom('', 'exec,size=1g', 'size=50%', 'suid,dev', 'ro,size=10m')),
    NetworkMode: fc.constantFrom('', 'default', 'bridge', 'host', 'net', 'container:x', 'beef', 'none'),
    PortBindings: fc.dictionary(
      fc.constantFrom('80/tcp', '53/udp', '8080', '9/sctp'),
      few(
        fc.record({
          HostIp: fc.constantFrom('', '127.0.0.1', '::1', '0.0.0.0'),
          HostPort: fc.constantFrom('', '0', '80', '2000-3000'),
        }),
      ),
    ),
    PublishAllPorts: fc.boolean(),
    CapAdd: few(fc.constantFrom('CHOWN', 'cap_sys_admin', 'ALL', 'NET_ADMIN')),
    Devices: few(
      fc.record(
        {
          PathOnHost: fc.constantFrom('/dev/null', '/dev/../dev/fuse'),
          PathInContainer: path,
          CgroupPermissions: fc.constantFrom('', 'r', 'rw', 'rwm', 'mw'),
        },
        { requiredKeys: ['PathOnHost'] },
      ),
    ),
    DeviceRequests: few(
      fc.record(
        {
          Driver: fc.constantFrom('', 'nvidia', 'cdi'),
          Count: fc.integer({ min: -1, max: 4 }),
          DeviceIDs: few(fc.constantFrom('0', 'all')),
          Capabilities: fc.constantFrom([['gpu']], [['cdi', 'gpu']]),
        },
        { requiredKeys: [] },
      ),
    ),
    IpcMode: fc.constantFrom('', 'host', 'shareable', 'container:x'),
    PidMode: fc.constantFrom('', 'host', 'container:y'),
    UTSMode: fc.constantFrom('', 'host'),
    UsernsMode: fc.constantFrom('', 'host'),
    CgroupnsMode: fc.constantFrom('', 'host', 'private'),
    SecurityOpt: few(
      fc.constantFrom(
        'no-new-privileges',
        'seccomp=unconfined',
        'label:disable',
        'apparmor=x',
        `seccomp=${'{}'.repeat(300)}`,
      ),
    ),
    Sysctls: fc.dictionary(fc.constantFrom('net.a', 'kernel.b'), fc.constant('1')),
    RestartPolicy: fc.record({ Name: fc.constantFrom('', 'no', 'always', 'on-failure') }),
    LogConfig: fc.record({ Type: fc.constantFrom('', 'syslog'), Config: fc.dictionary(word, word) }),
    GroupAdd: few(fc.constantFrom('5', 'wheel')),
    AutoRemove: fc.boolean(),
    Privileged: fc.boolean(),
    Runtime: fc.constantFrom('', 'runc', 'kata'),
    CgroupParent: fc.constantFrom('', '/x'),
    VolumesFrom: few(word),
    Links: few(word.map((name) => `${name}:a`)),
    MaskedPaths: fc.constantFrom(null, []),
    Memory: size,
    MemorySwap: size,
    MemoryReservation: size,
    NanoCpus: fc.integer({ min: 0, max: 4e9 }),
    PidsLimit: fc.integer({ min: -1, max: 100 }),
    ShmSize: size,
    Ulimits: few(
      fc.record({
        Name: fc.constantFrom('nofile', 'core'),
        Soft: fc.integer({ min: -1, max: 9 }),
        Hard: fc.integer({ min: -1, max: 9 }),
      }),
    ),
    OomScoreAdj: fc.constantFrom(0, -5, 5),
    BlkioWeight: fc.constantFrom(0, 500),
    UnknownOfTomorrow: fc.constantFrom(1, { a: 1 }),
  },
  { requiredKeys: [] },
)
const quota = fc.record(
  {
    CpuQuota: fc.integer({ min: -1, max: 200_000 }),
    CpuPeriod: fc.constantFrom(0, 1000, 50_000),
    CpuShares: fc.constantFrom(0, 10, 5000),
  },
  { requiredKeys: [] },
)
const create = fc
  .record(
    {
      Image: anyImage,
      HostConfig: fc.oneof(
        hostConfig,
        fc.tuple(hostConfig, quota).map(([{ NanoCpus: _, ...a }, b]) => ({ ...a, ...b })),
      ),
      User: fc.constantFrom('', '0', '1000', '1000:5', 'www'),
      Env: few(word.map((name) => `${name}=secret`)),
      Labels: fc.dictionary(word, fc.constant('secret')),
      Volumes: fc.dictionary(path, fc.constant({})),
      StopTimeout: fc.integer({ min: -1, max: 300 }),
      NetworkingConfig: fc.record({
        EndpointsConfig: fc.dictionary(
          fc.constantFrom('net', 'bridge', 'other', '0123abcd'),
          fc.record({ Aliases: few(word), MacAddress: fc.constantFrom('', '02:42:ac:11:00:02') }, { requiredKeys: [] }),
        ),
      }),
    },
    { requiredKeys: ['Image'] },
  )
  .map((body): Request => ({ id: 'ContainerCreate', body }))
const update = fc
  .record(
    {
      Memory: size,
      MemorySwap: size,
      CpuQuota: fc.integer({ min: -1, max: 9999 }),
      PidsLimit: fc.integer({ min: -1, max: 50 }),
    },
    { requiredKeys: [] },
  )
  .map((body): Request => ({ id: 'ContainerUpdate', body }))
const service = fc
  .record(
    {
      Name: word,
      Labels: fc.dictionary(word, word),
      TaskTemplate: fc.record(
        {
          ContainerSpec: fc.record(
            {
              Image: image,
              User: fc.constantFrom('', '7'),
              Mounts: few(mount),
              StopGracePeriod: fc.integer({ min: 0, max: 1e10 }),
              CapabilityAdd: few(fc.constantFrom('NET_ADMIN')),
              Ulimits: few(
                fc.record({
                  Name: fc.constant('nofile'),
                  Soft: fc.integer({ min: -1, max: 9 }),
                  Hard: fc.integer({ min: -1, max: 9 }),
                }),
              ),
            },
            { requiredKeys: ['Image'] },
          ),
          Resources: fc.record(
            {
              Limits: fc.record(
                {
                  MemoryBytes: size,
                  NanoCPUs: fc.integer({ min: 0, max: 2e9 }),
                  Pids: fc.integer({ min: 0, max: 99 }),
                },
                { requiredKeys: [] },
              ),
              Reservations: fc.record(
                { MemoryBytes: size, NanoCPUs: fc.integer({ min: 0, max: 2e9 }) },
                { requiredKeys: [] },
              ),
            },
            { requiredKeys: [] },
          ),
          Networks: few(fc.constantFrom({ Target: 'net' }, { Target: 'my-net' })),
          LogDriver: fc.constantFrom(null, { Name: 'json-file' }),
        },
        { requiredKeys: ['ContainerSpec'] },
      ),
      Mode: fc.constantFrom(null, { Replicated: { Replicas: 3 } }, { Global: {} }),
      EndpointSpec: fc.record({
        Ports: few(fc.record({ TargetPort: fc.constant(80), PublishedPort: fc.constantFrom(0, 8080) })),
      }),
    },
    { requiredKeys: ['Name', 'TaskTemplate'] },
  )
  .map((body): Request => ({ id: 'ServiceCreate', body }))
const others = fc.constantFrom<Request>(
  { id: 'VolumeCreate', body: { Name: 'data', Labels: { a: 'b' } } },
  { id: 'VolumeCreate', body: {} },
  { id: 'VolumeCreate', body: { Name: 'nfs', Driver: 'local', DriverOpts: { o: 'secret' } } },
  { id: 'NetworkCreate', body: { Name: 'net', CheckDuplicate: true, Driver: 'bridge' } },
  { id: 'NetworkCreate', body: { Name: 'net', Driver: 'macvlan', Options: { parent: 'eth0' }, Internal: true } },
)
const requests = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: create },
    { weight: 1, arbitrary: update },
    { weight: 2, arbitrary: service },
    { weight: 1, arbitrary: others },
  ),
  { minLength: 1, maxLength: 5 },
)

describe('a learned role', () => {
  it('allows every request that it was learned of, unless it says that it may not', () => {
    let whole = 0
    fc.assert(
      fc.property(requests, (all) => {
        const possible = all.filter(({ id, body }) => judged(ADMIN, body, { operation: id }).findings.length === 0)
        const seen = seenOf(possible)
        if (possible.length === 0 || seen.cut + seen.left > 0) return
        whole++
        const role = learnedOf(seen)
        for (const { id, body } of possible) expect(refused(role, body, { operation: id })).toEqual([])
      }),
      RUNS,
    )
    expect(whole).toBeGreaterThan(RUNS.numRuns / 4)
  })

  it('holds nothing secret', () => {
    fc.assert(
      fc.property(requests, (all) => {
        expect(JSON.stringify(all.map(factsOf))).not.toContain('secret')
      }),
      RUNS,
    )
  })
})

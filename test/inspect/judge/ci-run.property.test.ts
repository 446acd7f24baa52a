import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PRESETS } from '../../../src/policy/profile/presets.ts'
import { compileProfile } from '../../../src/policy/profile/profile.ts'
import { allowed, judged, refused } from './judged.ts'

const CI_RUN = compileProfile(PRESETS['ci-run'].parts)
const OPERATOR = compileProfile(PRESETS.operator.parts)
const RUNS = { numRuns: 150, seed: 60 }

const GiB = 1024 ** 3
const word = fc.stringMatching(/^[g-z][g-z0-9]{1,8}$/)
const text = fc.string({ maxLength: 12 }).filter((value) => value.isWellFormed())
const upTo = (most: number) => fc.integer({ min: 1, max: most })
const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null })
const few = <T>(arbitrary: fc.Arbitrary<T>) => some(fc.array(arbitrary, { maxLength: 3 }))
const mapOf = <T>(keys: fc.Arbitrary<string>, values: fc.Arbitrary<T>) =>
  some(fc.dictionary(keys, values, { maxKeys: 3 }))

const network = fc.oneof(fc.constantFrom('default', 'bridge', 'none'), word)
const image = fc
  .tuple(word, word, fc.constantFrom('', ':1', ':latest', `@sha256:${'0'.repeat(64)}`))
  .chain(([a, b, end]) => fc.constantFrom(`${a}${end}`, `${a}/${b}${end}`, `docker.io/${a}/${b}${end}`))
const tmpfs = fc.constantFrom('', 'rw', 'exec', 'noexec,nosuid', 'size=1g', 'size=512m,mode=1777', 'uid=5,gid=5')
const mount = fc.oneof(
  fc.record({ Type: fc.constant('volume'), Source: word, Target: text, ReadOnly: fc.boolean() }),
  fc.record({ Type: fc.constant('volume'), Target: text }),
  fc.record({
    Type: fc.constant('tmpfs'),
    Target: text,
    TmpfsOptions: some(fc.record({ SizeBytes: fc.integer({ min: 0, max: GiB }) })),
  }),
  fc.record({ Type: fc.constant('image'), Source: image, Target: text }),
)
const binding = fc.record({
  HostIp: fc.constant('127.0.0.1'),
  HostPort: fc.oneof(fc.constantFrom('', '0', '2000-3000'), fc.integer({ min: 1024, max: 65_535 }).map(String)),
})
const processors = fc.oneof(
  fc.record({ NanoCpus: fc.oneof(fc.constant(0), fc.integer({ min: 10_000, max: 2e9 })) }),
  fc.record({ CpuPeriod: fc.constant(1000), CpuQuota: fc.integer({ min: 0, max: 2000 }) }),
  fc.record({ CpuShares: fc.integer({ min: 0, max: 1024 }), CpuPeriod: fc.constantFrom(0, 50_000) }),
)
const memory = fc.oneof(
  fc.record({ Memory: fc.integer({ min: 0, max: 4 * GiB }) }),
  fc.record({
    Memory: upTo(4 * GiB),
    MemorySwap: fc.integer({ min: 0, max: 8 * GiB }),
    MemoryReservation: fc.integer({ min: 0, max: 4 * GiB }),
  }),
)

/** Only what the preset allows. */
const hostConfig = fc
  .tuple(
    memory,
    processors,
    fc.record(
      {
        Binds: few(
          fc
            .tuple(word, word, fc.constantFrom('', ':ro', ':rw,z', ':nocopy'))
            .map(([a, b, mode]) => `${a}:/${b}${mode}`),
        ),
        Mounts: few(mount),
        Tmpfs: mapOf(text, tmpfs),
        NetworkMode: network,
        PortBindings: mapOf(
          fc.constantFrom('80/tcp', '53/udp', '8080'),
          fc.array(binding, { minLength: 1, maxLength: 3 }),
        ),
        CapAdd: few(fc.constantFrom('CHOWN', 'cap_net_raw', 'KILL')),
        CapDrop: few(fc.constantFrom('ALL', 'NET_RAW')),
        IpcMode: fc.constantFrom('', 'private', 'shareable', 'none'),
        CgroupnsMode: fc.constantFrom('', 'private'),
        SecurityOpt: few(fc.constantFrom('no-new-privileges', 'no-new-privileges:true')),
        RestartPolicy: fc.record({ Name: fc.constantFrom('', 'no'), MaximumRetryCount: fc.constant(0) }),
        LogConfig: fc.record({ Type: fc.constantFrom('json-file', 'local', 'none'), Config: mapOf(text, text) }),
        GroupAdd: few(text),
        AutoRemove: fc.boolean(),
        Init: some(fc.boolean()),
        PidsLimit: some(fc.integer({ min: 0, max: 2048 })),
        ShmSize: fc.integer({ min: 0, max: GiB }),
        Ulimits: few(
          fc.record({
            Name: fc.constantFrom('nofile', 'nproc'),
            Soft: fc.integer({ min: 0, max: 65_536 }),
            Hard: fc.integer({ min: 0, max: 65_536 }),
          }),
        ),
        OomScoreAdj: fc.integer({ min: 0, max: 1000 }),
        ExtraHosts: few(text),
        MaskedPaths: fc.constant(null),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([a, b, c]) => ({ ...a, ...b, ...c }))

const create = fc.record(
  {
    Image: image,
    HostConfig: some(hostConfig),
    Cmd: few(text),
    Env: few(text),
    User: text,
    Labels: mapOf(word, text),
    Volumes: mapOf(text, fc.constant({})),
    StopTimeout: some(fc.integer({ min: 0, max: 300 })),
    NetworkingConfig: some(fc.record({ EndpointsConfig: mapOf(network, some(fc.record({ Aliases: few(word) }))) })),
  },
  { requiredKeys: ['Image'] },
)

/** Each asks for something that the preset does not allow. */
const forbidden = fc.constantFrom(
  { Privileged: true },
  { CapAdd: ['SYS_ADMIN'] },
  { Binds: ['/etc:/x'] },
  { Mounts: [{ Type: 'bind', Source: '/', Target: '/x' }] },
  { Tmpfs: { '/x': 'suid' } },
  { Devices: [{ PathOnHost: '/dev/sda' }] },
  { DeviceRequests: [{ Count: -1 }] },
  { DeviceCgroupRules: ['a *:* rwm'] },
  { NetworkMode: 'host' },
  { NetworkMode: 'container:x' },
  { PidMode: 'host' },
  { IpcMode: 'host' },
  { UTSMode: 'host' },
  { UsernsMode: 'host' },
  { CgroupnsMode: 'host' },
  { SecurityOpt: ['seccomp=unconfined'] },
  { MaskedPaths: [] },
  { Runtime: 'other' },
  { Sysctls: { 'net.core.somaxconn': '1' } },
  { PortBindings: { '80/tcp': [{ HostPort: '8080' }] } },
  { PublishAllPorts: true },
  { Memory: 5 * GiB },
  { PidsLimit: -1 },
  { CgroupParent: '/' },
  { VolumesFrom: ['x'] },
  { RestartPolicy: { Name: 'always' } },
  { LogConfig: { Type: 'syslog' } },
  { OomScoreAdj: -1000 },
  { Links: ['x:y'] },
  { NewField: 1 },
)

describe('the preset ci-run', () => {
  it('finds nothing in a body made only of what it allows, and sends one with limits', () => {
    fc.assert(
      fc.property(create, (body) => {
        const sent = allowed(CI_RUN, body) as { HostConfig: { Memory: number; PidsLimit: number } }
        expect(sent.HostConfig.Memory).toBeGreaterThan(0)
        expect(sent.HostConfig.PidsLimit).toBeGreaterThan(0)
        // What was sent is as it would be judged again.
        expect(refused(CI_RUN, sent)).toEqual([])
      }),
      RUNS,
    )
  })

  it('finds the one thing in it that is not allowed', () => {
    fc.assert(
      fc.property(create, forbidden, (body, members) => {
        const { findings } = judged(CI_RUN, { ...body, HostConfig: { ...body.HostConfig, ...members } })
        const [field] = Object.keys(members)
        expect(
          findings.map((finding) => finding.field).filter((found) => found.startsWith(`HostConfig.${field}`)),
        ).not.toEqual([])
      }),
      RUNS,
    )
  })

  it('says of every finding what, which and why, in short and printable text', () => {
    fc.assert(
      fc.property(create, forbidden, fc.string({ unit: 'binary', maxLength: 300 }), (body, members, odd) => {
        const Odd = odd.isWellFormed() ? odd : 'x'
        const HostConfig = {
          ...body.HostConfig,
          ...members,
          Runtime: `r${Odd}`,
          Sysctls: { [Odd]: Odd },
          Binds: [`/${Odd}:/x`],
        }
        for (const { field, asked, key, why } of judged(CI_RUN, { ...body, HostConfig }).findings) {
          for (const shown of [field, asked, key, why]) {
            expect(shown.length).toBeGreaterThan(0)
            expect(shown.length).toBeLessThan(400)
            expect(shown).not.toMatch(/[\p{C}\u2028\u2029]/u)
          }
        }
      }),
      RUNS,
    )
  })
})

describe('the preset operator', () => {
  it('sends a body of known fields as it is', () => {
    fc.assert(
      fc.property(create, forbidden, (body, members) => {
        fc.pre(!('NewField' in members))
        const asked = { ...body, HostConfig: { ...body.HostConfig, ...members } }
        expect(allowed(OPERATOR, asked)).toEqual(asked)
      }),
      RUNS,
    )
  })
})

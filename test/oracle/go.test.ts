import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { type CheckedFields, checkFields } from '../../src/inspect/fields.ts'
import { parseJson } from '../../src/inspect/json/parse.ts'
import { serialiseJson } from '../../src/inspect/json/serialise.ts'
import type { JsonObject, JsonValue } from '../../src/inspect/json/value.ts'
import { fillDefaults } from '../../src/inspect/judge/defaults.ts'
import { judgeWorkload } from '../../src/inspect/judge/workload.ts'
import { PRESETS } from '../../src/policy/profile/presets.ts'
import { compileProfile } from '../../src/policy/profile/profile.ts'
import { Refusal } from '../../src/refusal.ts'
import { damagedOf } from '../inspect/json/documents.ts'
import { operation, principalWith } from '../policy/fixtures.ts'
import { CREATE } from './bodies.ts'
import { type GoCreate, type GoReading, startGoCreate } from './go-create/oracle.ts'
import { requests } from './requests.ts'
import { type Comparison, compare } from './same.ts'
import { SEED, TIMES } from './seed.ts'
import { NOWHERE } from './world.ts'

const ROLES = ['ci-run', 'operator', 'admin'] as const
const RUNS = 4000 * TIMES

/** Fields that no engine of today has (API 1.40 alone, 1.25 to 1.28, 1.56), and those that 20.10 has not. */
const NOT_MODERN = ['HostConfig.Capabilities', 'HostConfig.InitPath', 'HostConfig.Umask']
const NOT_OLD = [
  ...['HostConfig.Annotations', 'Healthcheck.StartInterval'],
  ...['BindOptions.CreateMountpoint', 'BindOptions.ReadOnlyNonRecursive', 'BindOptions.ReadOnlyForceRecursive'].map(
    (name) => `HostConfig.Mounts.${name}`,
  ),
  ...['VolumeOptions.Subpath', 'TmpfsOptions.Options', 'ImageOptions', 'ClusterOptions'].map(
    (name) => `HostConfig.Mounts.${name}`,
  ),
  ...['GwPriority', 'DNSNames'].map((name) => `NetworkingConfig.EndpointsConfig.${name}`),
]

const PROFILES = new Map(ROLES.map((role) => [role, compileProfile(PRESETS[role].parts)]))

let go: GoCreate

beforeAll(async () => {
  go = await startGoCreate()
  return () => go.stop()
}, 300_000)

const written = requests(NOWHERE, []).map(({ body }) => Buffer.from(body))
const bodies = fc.oneof({ weight: 3, arbitrary: written }, { weight: 1, arbitrary: damagedOf(written) })

interface Accepted {
  /** The body as it was read, and as it is sent. */
  readonly judged: JsonValue
  readonly sent: JsonValue
}

/** What a role lets through of a body; null where it is refused. */
function accept(bytes: Buffer, role: (typeof ROLES)[number]): Accepted | null {
  const checked = checkedOf(bytes)
  const profile = PROFILES.get(role)
  if (profile === undefined || checked === null || checked.wrongType.length > 0) return null
  const asked = { profile, principal: principalWith(), operation: operation('ContainerCreate'), hostPaths: null }
  const sent = fillDefaults(checked.value, { ...asked, body: checked.value })
  return judgeWorkload(checked, { ...asked, body: sent }).length > 0 ? null : { judged: checked.value, sent }
}

function checkedOf(bytes: Buffer): CheckedFields | null {
  try {
    return checkFields(CREATE, parseJson(bytes))
  } catch (error) {
    if (error instanceof Refusal && error.reason === 'body-malformed') return null
    throw error
  }
}

/** Holds the engines' readings of a body against ours. Answers how many of them read it at all. */
async function expectSame(
  bytes: Buffer,
  ours: JsonValue,
  unread: Record<keyof GoReading, Set<string>>,
): Promise<number> {
  const readings = Object.entries(await go.ask(bytes)) as [keyof GoReading, string | null][]
  for (const [engine, text] of readings) {
    if (text === null) continue
    const result: Comparison = { differences: [], unread: unread[engine] }
    compare(CREATE, ours, flat(parseJson(Buffer.from(text))), '', result)
    expect(result.differences, `the ${engine} engine's reading of ${bytes}`).toEqual([])
  }
  return readings.filter(([, text]) => text !== null).length
}

/** With the members of Config at the top, as in the body; HostConfig is always sent, so none is as good as an empty one. */
function flat(reading: JsonValue): JsonValue {
  const { Config, HostConfig, NetworkingConfig } = reading as JsonObject
  const config = (Config ?? {}) as JsonObject
  return { ...config, HostConfig: HostConfig ?? {}, NetworkingConfig: NetworkingConfig ?? null }
}

describe('what the engines read', () => {
  it.each(ROLES)(
    'of a body that the role %s lets through is what was judged',
    { timeout: 120_000 * TIMES },
    async (role) => {
      let read = 0
      const unread = { old: new Set<string>(), modern: new Set<string>() }
      await fc.assert(
        fc.asyncProperty(bodies, async (bytes) => {
          const accepted = accept(bytes, role)
          if (accepted === null) return
          await expectSame(bytes, accepted.judged, unread)
          read += await expectSame(serialiseJson(accepted.sent), accepted.sent, unread)
        }),
        { numRuns: RUNS, seed: SEED },
      )
      expect(read).toBeGreaterThan(RUNS / 2)
      expect([...unread.modern].filter((name) => !NOT_MODERN.includes(name))).toEqual([])
      expect([...unread.old].filter((name) => ![...NOT_MODERN, ...NOT_OLD].includes(name))).toEqual([])
    },
  )
})

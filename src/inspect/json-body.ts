import { BODY_FIELDS } from '../engine/fields/bodies.ts'
import type { Operation } from '../engine/types.ts'
import type { Principal } from '../identity/principal.ts'
import type { HostPath } from '../policy/profile/paths.ts'
import type { Profile } from '../policy/profile/types.ts'
import { Refusal } from '../refusal.ts'
import { type CheckedFields, checkFields } from './fields.ts'
import { parseJson } from './json/parse.ts'
import { serialiseJson } from './json/serialise.ts'
import type { JsonValue } from './json/value.ts'
import { judgeArchiveFields } from './judge/archive.ts'
import { fillDefaults } from './judge/defaults.ts'
import { judgeExec } from './judge/exec.ts'
import { hostPathsIn } from './judge/host-paths.ts'
import type { Finding, JudgeContext } from './judge/types.ts'
import { judgeWorkload } from './judge/workload.ts'
import type { Surroundings } from './surroundings.ts'

export interface JudgedBody {
  readonly findings: readonly Finding[]
  /** What is sent; null: no body, as there was none. */
  readonly bytes: Buffer | null
  /** The same, before it is written. */
  readonly value: JsonValue
  /** As it came, before defaults. */
  readonly checked: CheckedFields
  readonly hostPaths: JudgeContext['hostPaths']
}

interface Asker {
  readonly operation: Operation
  readonly principal: Principal
  readonly profile: Profile
  readonly surroundings: Surroundings
}

const WRONG_TYPES_SHOWN = 5

/** A body that is absent asks for nothing by its fields; a role may want something to be stated all the same. */
const ABSENT: CheckedFields = { value: null, unknown: [], wrongType: [], host: [], bounded: new Map() }

/**
 * Judges a JSON body: parses it strictly, holds it against the field table of its operation, fills in the role's
 * defaults, and holds what is asked for against the role. What is sent is written from the value that was judged.
 *
 * @param bytes empty: no body
 * @throws Refusal (as a rejection) `body-malformed`, `body-field`
 */
export async function judgeJsonBody(bytes: Buffer, asker: Asker): Promise<JudgedBody> {
  const { operation, principal, profile, surroundings } = asker
  const checked =
    bytes.length === 0 ? ABSENT : check(await surroundings.withoutReturned(operation, parseJson(bytes)), operation)
  const asked = { operation, principal, profile, body: checked.value }
  const context = { ...asked, hostPaths: await resolveHostPaths(asked, surroundings) }
  const body = bytes.length === 0 ? null : fillDefaults(checked.value, context)
  const findings = judge(checked, { ...context, body })
  return {
    findings,
    bytes: bytes.length === 0 ? null : serialiseJson(body),
    value: body,
    checked,
    hostPaths: context.hostPaths,
  }
}

function check(body: JsonValue, operation: Operation): CheckedFields {
  const { id } = operation.spec
  const table = BODY_FIELDS.get(id)
  if (table === undefined) throw new Error(`no table says what the body of ${id} may hold`)
  const checked = checkFields(table, body)
  if (checked.wrongType.length === 0) return checked
  const wrong = checked.wrongType.slice(0, WRONG_TYPES_SHOWN).map(({ path, wanted }) => `${path} wants ${wanted}`)
  throw new Refusal('body-field', `${id}: in the body, ${wrong.join('; ')}`)
}

function judge(checked: CheckedFields, context: JudgeContext): readonly Finding[] {
  const findings = judgeWorkload(checked, context)
  switch (context.operation.spec.id) {
    case 'ContainerExec':
      return [...findings, ...judgeExec(checked, context)]
    case 'ContainerCopy':
      return [...findings, ...judgeArchiveFields(checked.bounded.get('archive.get') ?? [], context)]
    default:
      return findings
  }
}

/** Looked up once a request, so that what is judged is what is sent. */
async function resolveHostPaths(
  asked: Pick<JudgeContext, 'operation' | 'body'>,
  { resolveOnHost }: Surroundings,
): Promise<JudgeContext['hostPaths']> {
  if (resolveOnHost === null) return null
  const resolved = new Map<string, HostPath | null>()
  for (const path of hostPathsIn(asked)) resolved.set(path, await resolveOnHost(path))
  return (path) => resolved.get(path) ?? null
}

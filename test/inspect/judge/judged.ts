import { expect } from 'vitest'
import { parse } from 'yaml'
import { profileSchema } from '../../../src/config/profile-schema.ts'
import { BODY_FIELDS } from '../../../src/engine/fields/bodies.ts'
import type { OperationId } from '../../../src/engine/operations.ts'
import type { Operation } from '../../../src/engine/types.ts'
import { checkFields } from '../../../src/inspect/fields.ts'
import { parseJson } from '../../../src/inspect/json/parse.ts'
import { serialiseJson } from '../../../src/inspect/json/serialise.ts'
import type { JsonValue } from '../../../src/inspect/json/value.ts'
import { fillDefaults } from '../../../src/inspect/judge/defaults.ts'
import type { Finding, JudgeContext } from '../../../src/inspect/judge/types.ts'
import { judgeWorkload } from '../../../src/inspect/judge/workload.ts'
import { compileProfile } from '../../../src/policy/profile/profile.ts'
import type { Profile } from '../../../src/policy/profile/types.ts'
import { operation, principalWith } from '../../policy/fixtures.ts'

/** A role's parts as YAML, or what was compiled of them. */
export type Role = string | Profile

interface Asked {
  readonly operation?: OperationId
  readonly apiVersion?: string
  readonly params?: Readonly<Record<string, string>>
  /** Where symbolic links of the host lead; every other path is itself, and one that leads to '' cannot be told. */
  readonly links?: Readonly<Record<string, string>>
  /** Paths of the host, which the gate sees then, where no device node is; one is at every other path. */
  readonly directories?: readonly string[]
  readonly claims?: object
}

interface Judged {
  readonly findings: readonly Finding[]
  /** What would be sent. */
  readonly sent: JsonValue
}

/** A workload of the role, of which every other part is left out. */
export function workload(yaml: string): Profile {
  return profileOf(`workload: {${yaml}}`)
}

function profileOf(role: Role): Profile {
  return typeof role === 'string' ? compileProfile(profileSchema.parse(parse(role))) : role
}

/** A request's body on its way: parsed, checked, filled in, judged. Text is taken as it is. */
export function judged(role: Role, body: unknown, asked: Asked = {}): Judged {
  const id = asked.operation ?? 'ContainerCreate'
  const table = BODY_FIELDS.get(id)
  if (table === undefined) throw new Error(`${id} has no table`)
  const checked = checkFields(table, parseJson(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))))
  expect(checked.wrongType).toEqual([])
  const context: JudgeContext = {
    profile: profileOf(role),
    principal: principalWith({ claims: asked.claims ?? {} }),
    operation: operationOf(id, asked),
    body: checked.value,
    hostPaths: asked.links === undefined && asked.directories === undefined ? null : resolver(asked),
  }
  const sent = fillDefaults(checked.value, context)
  // What is filled in has the types of the table too.
  if (checked.unknown.length === 0) expect(checkFields(table, sent)).toMatchObject({ unknown: [], wrongType: [] })
  return { findings: judgeWorkload(checked, { ...context, body: sent }), sent }
}

function operationOf(id: OperationId, { apiVersion = '1.47', params = {} }: Asked): Operation {
  return { ...operation(id), apiVersion, params }
}

function resolver({ links = {}, directories = [] }: Asked): JudgeContext['hostPaths'] {
  return (asked) => {
    const path = Object.hasOwn(links, asked) ? links[asked] || null : asked
    return path === null ? null : { path, isDevice: !directories.includes(path) }
  }
}

/** `field: asked (key)`, for each finding. */
export function refused(role: Role, body: unknown, asked: Asked = {}): string[] {
  return judged(role, body, asked).findings.map((finding) => `${finding.field}: ${finding.asked} (${finding.key})`)
}

/** What the engine would get, as plain JSON, after nothing was found. */
export function allowed(role: Role, body: unknown, asked: Asked = {}): unknown {
  const { findings, sent } = judged(role, body, asked)
  expect(findings).toEqual([])
  return JSON.parse(serialiseJson(sent).toString())
}

/** What the engine would get, whatever was found. */
export function sentFor(role: Role, body: unknown, asked: Asked = {}): unknown {
  return JSON.parse(serialiseJson(judged(role, body, asked).sent).toString())
}

/** A create of an allowed image with these members of HostConfig. */
export function host(members: object): object {
  return { Image: 'alpine', HostConfig: members }
}

/** A role that allows the image of `host`, and this. */
export function withImage(yaml: string): Profile {
  return workload(yaml === '' ? 'images: ["docker.io/library/*"]' : `images: ["docker.io/library/*"], ${yaml}`)
}

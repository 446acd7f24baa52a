import { parse } from 'yaml'
import { profileSchema } from '../../../src/config/profile-schema.ts'
import { recognise } from '../../../src/engine/recognise.ts'
import { judgeQuery } from '../../../src/inspect/judge/query.ts'
import type { QueryContext } from '../../../src/inspect/judge/query-request.ts'
import type { Finding } from '../../../src/inspect/judge/types.ts'
import { compileProfile } from '../../../src/policy/profile/profile.ts'
import { Refusal } from '../../../src/refusal.ts'
import { principalWith } from '../../policy/fixtures.ts'

interface Asked {
  /** Name and value in turn. */
  readonly headers?: readonly string[]
  readonly buildkit?: boolean
  readonly claims?: object
}

/** What is known of somebody with these parts of a role, in YAML. */
export function contextOf(role: string, { buildkit = false, claims = {} }: Asked = {}): QueryContext {
  const profile = compileProfile(profileSchema.parse(parse(role) ?? {}))
  return { profile, principal: principalWith({ claims }), buildkit }
}

function judged(role: string, request: string, asked: Asked) {
  const [method = '', target = ''] = request.split(' ')
  return judgeQuery(recognise(method, target), asked.headers ?? [], contextOf(role, asked))
}

/** What the role does not allow of `METHOD /target`: `field: asked (key)`. */
export function refused(role: string, request: string, asked: Asked = {}): string[] {
  return judged(role, request, asked).findings.map((finding) => `${finding.field}: ${finding.asked} (${finding.key})`)
}

export function findingsOf(role: string, request: string, asked: Asked = {}): readonly Finding[] {
  return judged(role, request, asked).findings
}

/** The target that the engine gets. Throws where anything is refused. */
export function sent(role: string, request: string, asked: Asked = {}): string {
  const { findings, operation } = judged(role, request, asked)
  if (findings.length > 0) throw new Error(JSON.stringify(findings))
  return operation.target
}

/** Its query, read as the engine reads it. */
export function querySent(role: string, request: string, asked: Asked = {}): Record<string, string | string[]> {
  const query = new URLSearchParams(sent(role, request, asked).split('?')[1] ?? '')
  return Object.fromEntries(
    [...new Set(query.keys())].map((name) => {
      const values = query.getAll(name)
      return [name, values.length === 1 ? (values[0] ?? '') : values]
    }),
  )
}

/** The reason for which the request is refused whatever the role allows, with its message. */
export function malformed(role: string, request: string, asked: Asked = {}): string {
  try {
    judged(role, request, asked)
  } catch (error) {
    if (error instanceof Refusal) return `${error.reason}: ${error.message}`
    throw error
  }
  throw new Error(`${request} was judged`)
}

/** `?name=value&…`. */
export function query(parameters: Readonly<Record<string, string | readonly string[]>>): string {
  const search = new URLSearchParams()
  for (const [name, values] of Object.entries(parameters)) {
    for (const value of [values].flat()) search.append(name, value as string)
  }
  return `?${search}`
}

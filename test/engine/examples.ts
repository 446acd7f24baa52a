import { OPERATIONS } from '../../src/engine/operations.ts'
import { recognise } from '../../src/engine/recognise.ts'
import type { OperationSpec } from '../../src/engine/types.ts'
import type { ReasonCode } from '../../src/reasons.ts'
import { Refusal } from '../../src/refusal.ts'

export const ID = '4f66ad9a0b2e7ac5e7e3a8d0a0b1f0c3d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4'

/** A value that a path parameter of the operation may have. */
export function exampleOf(spec: OperationSpec, parameter: string): string {
  if (spec.object?.parameter !== parameter) return 'heap'
  if (spec.object.kind === 'exec') return ID
  return ['image', 'imageRef'].includes(spec.object.kind) ? 'registry.acme.io:5000/team/app:1.0' : 'web_1.a-b'
}

/** The path of an operation with example values in it, without version. */
function examplePath(spec: OperationSpec): string {
  return spec.path.replace(/\{(\w+)\+?\}/g, (_, name) => exampleOf(spec, name))
}

/** Each operation with its example path. */
export const EXAMPLES: ReadonlyArray<readonly [id: string, spec: OperationSpec, path: string]> = OPERATIONS.map(
  (spec) => [spec.id, spec, examplePath(spec)],
)

/** The id of the operation that is recognised, or the reason why none is. */
export function outcome(method: string, target: string): string {
  try {
    return recognise(method, target).spec.id
  } catch (error) {
    if (error instanceof Refusal) return error.reason
    throw error
  }
}

/** The refusal that a request meets. */
export function refusal(method: string, target: string): { reason: ReasonCode; message: string } {
  try {
    recognise(method, target)
  } catch (error) {
    if (error instanceof Refusal) return { reason: error.reason, message: error.message }
    throw error
  }
  throw new Error(`${method} ${target} was recognised`)
}

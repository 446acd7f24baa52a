import { Document, isMap, isScalar, isSeq, type Node, type Pair } from 'yaml'
import { createFindings } from '../config/findings.ts'
import { roleSchema } from '../config/schema.ts'
import { compileRole } from '../policy/role.ts'
import { reachesOthers, waysToRoot } from '../policy/unbounded.ts'
import { printable } from '../text.ts'

const LINE_LENGTH = 200

/**
 * A role as YAML for a configuration, with a comment at everything in it that makes its holder root on the host.
 *
 * @param head lines of a comment above it
 * @throws Error when no configuration would take the role
 */
export function writeRole(name: string, role: Readonly<Record<string, unknown>>, head: readonly string[]): string {
  const findings = createFindings()
  const compiled = compileRole(name, roleSchema.parse(role), findings)
  const [problem] = findings.problems
  if (problem !== undefined) throw new Error(`${problem.path.join('.')}: ${problem.message}`)
  const document = new Document({ roles: { [name]: role } })
  for (const { by, why } of waysToRoot(compiled)) {
    const [operation = '', key] = by.split(' with ')
    if (key === undefined) commentOn(document, ['roles', name, 'allow'], operation, why)
    else commentOn(document, ['roles', name, ...key.split('.').slice(0, -1)], key.split('.').at(-1) ?? '', why)
  }
  const others = reachesOthers(compiled)
  document.commentBefore = [
    ...head,
    ...(others.length > 0 ? [`It acts in every container of the engine, whoever made it: ${others.join(', ')}.`] : []),
  ]
    .map((line) => ` ${printable(line, LINE_LENGTH)}`)
    .join('\n')
  return document.toString({ lineWidth: 0 })
}

/** At a key of a map, or at an item of a list. */
function commentOn(document: Document, path: readonly string[], at: string, why: string): void {
  const holder = document.getIn(path, true)
  if (isMap(holder)) mark(holder.items.find(({ key }: Pair) => isScalar(key) && key.value === at)?.key, why)
  if (isSeq(holder))
    mark(
      holder.items.find((item) => isScalar(item) && item.value === at),
      why,
    )
}

function mark(node: unknown, why: string): void {
  if (isScalar(node)) (node as Node).commentBefore = ` root on the host: ${why}`
}

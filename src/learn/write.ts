import { Document, isMap, isScalar, isSeq, type Node, type Pair } from 'yaml'
import { createFindings } from '../config/findings.ts'
import { roleSchema } from '../config/schema.ts'
import { compileRole } from '../policy/role.ts'
import { reachesOthers, waysToRoot } from '../policy/unbounded.ts'
import { printable } from '../text.ts'

const LINE_LENGTH = 200

type Role = Record<string, unknown>

/**
 * Takes the items out of the role that no configuration would take: a client may have asked for what is no name of anything.
 *
 * @returns how many items were left out
 * @throws Error when something else is wrong with it
 */
export function soundRole(name: string, role: Role): number {
  for (let left = 0; ; ) {
    const problems = problemsIn(name, role)
    const [first] = problems
    if (first === undefined) return left
    const removed = removeItems(role, problems)
    if (removed === 0) throw new Error(`${first.path.join('.')}: ${first.message}`)
    left += removed
  }
}

interface RoleProblem {
  /** In the role. */
  readonly path: readonly PropertyKey[]
  readonly message: string
}

function problemsIn(name: string, role: Role): readonly RoleProblem[] {
  const read = roleSchema.safeParse(role)
  if (!read.success) return read.error.issues
  const findings = createFindings()
  compileRole(name, read.data, findings)
  return findings.problems.map(({ path, message }) => ({ path: path.slice(2), message }))
}

/** Removes the items that have problems from the outermost lists on the way to them; answers how many. */
function removeItems(role: Role, problems: readonly RoleProblem[]): number {
  const bad = new Map<unknown[], Set<number>>()
  for (const { path } of problems) {
    let holder: unknown = role
    for (const key of path) {
      if (Array.isArray(holder)) bad.set(holder, (bad.get(holder) ?? new Set()).add(key as number))
      if (Array.isArray(holder) || typeof holder !== 'object' || holder === null) break
      holder = (holder as Record<PropertyKey, unknown>)[key]
    }
  }
  for (const [list, places] of bad) list.splice(0, list.length, ...list.filter((_, index) => !places.has(index)))
  return [...bad.values()].reduce((sum, places) => sum + places.size, 0)
}

/**
 * A role as YAML for a configuration, with a comment at everything in it that makes its holder root on the host.
 *
 * @param head lines of a comment above it
 * @param role a sound one
 */
export function writeRole(name: string, role: Readonly<Role>, head: readonly string[]): string {
  const findings = createFindings()
  const compiled = compileRole(name, roleSchema.parse(role), findings)
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

/**
 * JSON as a client may write it, open to what no serialiser does: names twice, in any spelling, numbers in any form. A
 * string is the text of a scalar.
 */
export type Node = string | readonly Node[] | { readonly members: readonly Member[] }

/** The name with its quotes, as it is written. */
export type Member = readonly [name: string, value: Node]

export interface ObjectNode {
  readonly members: readonly Member[]
}

/** A literal in the place of a value: `1e3`, `9223372036854775808`. */
export class Raw {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** The node of a plain value; members that are undefined are left out. */
export function node(value: unknown): Node {
  if (value instanceof Raw) return value.text
  if (typeof value === 'bigint') return String(value)
  if (Array.isArray(value)) return value.map(node)
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined)
    return { members: members.map(([name, member]) => [JSON.stringify(name), node(member)] as const) }
  }
  return JSON.stringify(value)
}

export function isObject(value: Node): value is ObjectNode {
  return typeof value === 'object' && 'members' in value
}

export function write(value: Node): string {
  if (typeof value === 'string') return value
  if (isObject(value)) return `{${value.members.map(([name, member]) => `${name}:${write(member)}`).join()}}`
  return `[${value.map(write).join()}]`
}

/** The value of the first member of this name, written plainly; undefined where there is none. */
export function memberOf(value: Node, name: string): Node | undefined {
  if (!isObject(value)) return undefined
  return value.members.find(([written]) => written === JSON.stringify(name))?.[1]
}

/** With the first member of that name replaced, or added at the end. */
export function withMember(value: Node, name: string, member: Node): ObjectNode {
  const members = isObject(value) ? value.members : []
  const written = JSON.stringify(name)
  const at = members.findIndex(([other]) => other === written)
  if (at < 0) return { members: [...members, [written, member]] }
  return { members: members.with(at, [written, member]) }
}

/** Without the members of that name. */
export function without(value: ObjectNode, name: string): ObjectNode {
  return { members: value.members.filter(([written]) => written !== JSON.stringify(name)) }
}

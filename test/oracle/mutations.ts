import fc from 'fast-check'
import {
  isObject,
  type Member,
  memberOf,
  type Node,
  node,
  type ObjectNode,
  withMember,
  without,
  write,
} from './text.ts'
import type { World } from './world.ts'

/*
 * Changes to a body that are no matter of values: names in other spellings, twice, in other places; other types; and
 * what stands around the JSON.
 */

type Spelling = (name: string) => string
type Change = (body: Node) => Node

/** How a name may be written so that somebody takes it for the name: with its quotes. */
const SPELLINGS: readonly Spelling[] = [
  (name) => JSON.stringify(name),
  (name) => `"\\u${(name.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}${name.slice(1)}"`,
  (name) => JSON.stringify(name.toLowerCase()),
  (name) => JSON.stringify(name.toUpperCase()),
  (name) => JSON.stringify(name.charAt(0).toLowerCase() + name.slice(1)),
  (name) => JSON.stringify(name.replace(/[sS]/, '\u017f')),
  (name) => JSON.stringify(name.replace(/[kK]/, '\u212a')),
  (name) => `"${name.replace(/[sS]/, '\\u017F')}"`,
  (name) => JSON.stringify(`${name} `),
  (name) => JSON.stringify(` ${name}`),
  (name) => JSON.stringify(`${name}\u0000`),
  (name) => JSON.stringify(`HostConfig.${name}`),
]

const spelling = fc.constantFrom(...SPELLINGS)
const pick = fc.nat(200)

/** Values that no profile allows, by the name of the field of HostConfig. */
export function dangersOf({ victim }: World): ReadonlyArray<readonly [name: string, value: unknown]> {
  return [
    ['Privileged', true],
    ['Binds', ['/:/host']],
    ['Mounts', [{ Type: 'bind', Source: '/', Target: '/host' }]],
    ['PidMode', 'host'],
    ['NetworkMode', 'host'],
    ['NetworkMode', `container:${victim}`],
    ['IpcMode', 'host'],
    ['UTSMode', 'host'],
    ['CapAdd', ['ALL']],
    ['Devices', [{ PathOnHost: '/dev/null', PathInContainer: '/dev/x', CgroupPermissions: 'rwm' }]],
    ['DeviceCgroupRules', ['a *:* rwm']],
    ['SecurityOpt', ['seccomp=unconfined']],
    ['VolumesFrom', [victim]],
    ['MaskedPaths', []],
    ['ReadonlyPaths', []],
    ['Memory', -1],
    ['Memory', 99 * 1024 ** 3],
    ['PidsLimit', -1],
    ['NanoCpus', 99e9],
    ['CgroupParent', '/elsewhere'],
    ['Sysctls', { 'net.ipv4.ip_forward': '1' }],
    ['PortBindings', { '80/tcp': [{ HostPort: '80' }] }],
    ['PublishAllPorts', true],
    ['RestartPolicy', { Name: 'always' }],
    ['Runtime', 'io.containerd.runc.v2'],
    ['UsernsMode', 'host'],
    ['OomScoreAdj', -1000],
  ]
}

/** Replacements for any value. */
const LITERALS: readonly Node[] = [
  ...['null', 'true', 'false', '0', '1', '-0', '1.0', '1e3', '1e400', '9223372036854775808', '-1', '""', '"x"', '"1"'],
  ...['{}', '[]', '[null]', '[[]]', '{"":null}', '"\\ud800"', '"\\u0000"', 'NaN', '01', "'x'"],
]

/** What may stand behind the body, or in front of it. */
const AROUND: ReadonlyArray<(text: string) => string> = [
  (text) => `${text}{"HostConfig":{"Privileged":true}}`,
  (text) => `${text}]`,
  (text) => `${text} \n`,
  (text) => `\n\t ${text}`,
  (text) => `\ufeff${text}`,
  (text) => `${text}\u0000`,
  (text) => `/**/${text}`,
  (text) => `[${text}]`,
  (text) => `${text},`,
  (text) => text.slice(0, -1),
  (text) => text.replaceAll(',', ' ,\n').replaceAll(':{', ' : {'),
  (text) => `${'['.repeat(40)}${text}${']'.repeat(40)}`,
  (text) => text.replace('{', '{"__proto__":{"Privileged":true},'),
  (text) => text.replace('{', '{"constructor":{"prototype":{}},'),
]

/** A name of the body in another spelling, alone or beside the one it has. */
const respelled = fc.record({ at: pick, member: pick, spelling, beside: fc.boolean() }).map(
  ({ at, member, spelling, beside }): Change =>
    (body) =>
      changeObject(body, at, (object) =>
        changeMember(object, member, ([name, value]) => {
          const other = [spelling(nameOf(name)), value] as const
          return beside ? [[name, value], other] : [other]
        }),
      ),
)

/** A value in the place of another one. */
const retyped = fc.record({ at: pick, literal: fc.constantFrom(...LITERALS) }).map(
  ({ at, literal }): Change =>
    (body) =>
      changeValue(body, at, () => literal),
)

const wrapped = fc
  .record({
    at: pick,
    way: fc.constantFrom<(value: Node) => Node>(
      (value) => [value],
      (value) => [[value]],
      (value) => ({ members: [['"x"', value]] }),
    ),
  })
  .map(
    ({ at, way }): Change =>
      (body) =>
        changeValue(body, at, way),
  )

const inserted = fc
  .record({
    at: pick,
    name: fc.constantFrom(
      'NewField',
      '__proto__',
      'constructor',
      'Config',
      'HostConfig',
      'Cpuset',
      'Container',
      'name',
      'Binds',
    ),
    value: fc.constantFrom<Node>('null', '{}', 'true', '"x"', node({ Privileged: true, Binds: ['/:/x'] })),
  })
  .map(
    ({ at, name, value }): Change =>
      (body) =>
        changeObject(body, at, ({ members }) => ({ members: [...members, [JSON.stringify(name), value]] })),
  )

/** A field of HostConfig at the top, as clients of old engines wrote it. */
const hoisted = fc.record({ member: pick, host: fc.constantFrom('kept', 'null', 'gone', 'empty') }).map(
  ({ member, host }): Change =>
    (body) => {
      const inner = memberOf(body, 'HostConfig')
      if (inner === undefined || !isObject(inner) || !isObject(body)) return body
      const moved = inner.members[member % Math.max(inner.members.length, 1)]
      if (moved === undefined) return body
      return { members: [...withHost(body, host).members, moved] }
    },
)

function withHost(body: ObjectNode, host: string): ObjectNode {
  if (host === 'gone') return without(body, 'HostConfig')
  return host === 'kept' ? body : withMember(body, 'HostConfig', host === 'null' ? 'null' : node({}))
}

const PLACES = [
  'first',
  'last',
  'top',
  'top alone',
  'top null',
  'twice',
  'twice first',
  'networking',
  'config',
  'within',
] as const

/** Something dangerous where only some readers find it. */
function smuggled(world: World): fc.Arbitrary<Change> {
  return fc
    .record({
      danger: fc.constantFrom(...dangersOf(world)),
      place: fc.constantFrom(...PLACES),
      name: spelling,
      host: spelling,
    })
    .map(
      ({ danger: [name, value], place, name: spelled, host }): Change =>
        (body) =>
          smuggle(body, place, [spelled(name), node(value)], host('HostConfig')),
    )
}

function smuggle(body: Node, place: (typeof PLACES)[number], member: Member, host: string): Node {
  if (!isObject(body)) return body
  const hostConfig = memberOf(body, 'HostConfig')
  const inside = hostConfig !== undefined && isObject(hostConfig) ? hostConfig.members : []
  switch (place) {
    case 'first':
      return withMember(body, 'HostConfig', { members: [member, ...inside] })
    case 'last':
      return withMember(body, 'HostConfig', { members: [...inside, member] })
    case 'top':
      return { members: [...body.members, member] }
    case 'top alone':
      return { members: [...without(body, 'HostConfig').members, member] }
    case 'top null':
      return { members: [...withMember(body, 'HostConfig', 'null').members, member] }
    case 'twice':
      return { members: [...body.members, [host, { members: [member] }]] }
    case 'twice first':
      return { members: [[host, { members: [member] }], ...body.members] }
    case 'networking':
      return withMember(body, 'NetworkingConfig', { members: [member] })
    case 'config':
      return withMember(body, 'Config', { members: [member] })
    case 'within':
      return withMember(body, 'HostConfig', { members: [...inside, [host, { members: [member] }]] })
  }
}

/** The text of the body after one or two changes, and now and then with something around it. */
export function mutated(body: fc.Arbitrary<Node>, world: World): fc.Arbitrary<string> {
  const change = fc.oneof(respelled, retyped, wrapped, inserted, hoisted, { weight: 3, arbitrary: smuggled(world) })
  const around = fc.oneof(
    { weight: 5, arbitrary: fc.constant((text: string) => text) },
    { weight: 1, arbitrary: fc.constantFrom(...AROUND) },
  )
  return fc
    .tuple(body, fc.array(change, { maxLength: 2 }), around)
    .map(([base, changes, put]) => put(write(changes.reduce((changed, each) => each(changed), base))))
}

function nameOf(literal: string): string {
  try {
    return JSON.parse(literal)
  } catch {
    return literal
  }
}

function changeMember({ members }: ObjectNode, at: number, change: (member: Member) => readonly Member[]): ObjectNode {
  const index = at % Math.max(members.length, 1)
  return { members: members.flatMap((member, i) => (i === index ? change(member) : [member])) }
}

/** The object that is met as number `at`, modulo how many there are. */
function changeObject(body: Node, at: number, change: (object: ObjectNode) => Node): Node {
  const count = countOf(body, isObject)
  return count === 0 ? body : changeNth(body, isObject, { left: at % count }, change)
}

function changeValue(body: Node, at: number, change: (value: Node) => Node): Node {
  const any = (value: Node): value is Node => value !== undefined
  return changeNth(body, any, { left: at % countOf(body, any) }, change)
}

function countOf(value: Node, wanted: (value: Node) => boolean): number {
  return childrenOf(value).reduce((sum, child) => sum + countOf(child, wanted), Number(wanted(value)))
}

function childrenOf(value: Node): readonly Node[] {
  if (typeof value === 'string') return []
  return isObject(value) ? value.members.map(([, member]) => member) : value
}

function changeNth<T extends Node>(
  value: Node,
  wanted: (value: Node) => value is T,
  place: { left: number },
  change: (value: T) => Node,
): Node {
  if (wanted(value)) {
    if (place.left === 0) {
      place.left -= 1
      return change(value)
    }
    place.left -= 1
  }
  if (typeof value === 'string') return value
  if (!isObject(value)) return value.map((item) => changeNth(item, wanted, place, change))
  return { members: value.members.map(([name, member]) => [name, changeNth(member, wanted, place, change)] as const) }
}

import { config } from './pools/config.ts'
import { isolation } from './pools/isolation.ts'
import { life } from './pools/life.ts'
import { namespaces } from './pools/namespaces.ts'
import { network } from './pools/network.ts'
import { storage } from './pools/storage.ts'
import { Raw } from './text.ts'
import type { Pool, World } from './world.ts'

const MiB = 1024 ** 2
const GiB = 1024 ** 3

/** Integers at the edges of what is allowed, of types, and of parsers; and numbers that are none. */
export const INTEGERS: readonly unknown[] = [
  ...[0, 1, -1, 2, 100, 512, 1000, 1024, 4096, 65_536, 2 ** 31, MiB, 6 * MiB, GiB, 4 * GiB, 4 * GiB + 1, 8 * GiB + 1],
  ...['-0', '9007199254740993', '9223372036854775807', '-9223372036854775808', '9223372036854775808'],
  ...['18446744073709551617', '4294967297', '1e3', '1E9', '1.0', '0.5', '-0.0', '1e400', '123456789012345678901234'],
].map((value) => (typeof value === 'string' ? new Raw(value) : value))

export const STRINGS: readonly string[] = [
  ...['', 'x', 'a b', '/', '/etc', '..', 'host', 'local', 'no', 'true', '0', '-1', '\u0000', '\u017f', '\u212a'],
  ...['\u{1f433}', 'x'.repeat(300), 'a,b', 'a=b', '${claims.repository}', '*', '\n', '"', '\\'],
]

export const KEYS: readonly string[] = ['x', 'A', '', '80/tcp', '1000', '__proto__', 'Privileged', '\u017f', '/data']

/** By the names that lead to a field in the table; a list's or map's also stands for what is in it. */
export function poolsOf(world: World): ReadonlyMap<string, Pool> {
  return new Map(
    Object.entries({
      ...config(world),
      ...namespaces(world),
      ...storage(world),
      ...isolation(),
      ...network(world),
      ...life(),
    }),
  )
}

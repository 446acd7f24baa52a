import { describe, expect, test } from 'vitest'
import { OPERATIONS, type OperationId } from '../../src/engine/operations.ts'
import { RULES } from '../../src/objects/rules.ts'
import { neverWorks } from '../../src/policy/objects.ts'
import type { ObjectsRule } from '../../src/policy/types.ts'

const CARRIED = OPERATIONS.filter(({ carried }) => carried)

/** Everybody has them, without a role. */
const EVERYBODYS: readonly OperationId[] = ['SystemPing', 'SystemPingHead', 'SystemVersion']
/** BuildKit's: its tunnels no role with objects of its own may have, and it has no builds to cancel then. */
const BUILDKITS: readonly OperationId[] = ['Session', 'Grpc', 'BuildCancel']
/** The host's, or the swarm's: `dockgate check` says of a role that they never work. */
const HOSTS = neverWorks({
  objects: {} as ObjectsRule,
  operations: new Set(CARRIED.map(({ id }) => id)),
})

describe('what becomes of each operation under a role with objects of its own', () => {
  test.each(CARRIED.map(({ id }) => id))('%s has a rule, or is of those that know no owners, and not both', (id) => {
    const ownerless = [...EVERYBODYS, ...BUILDKITS, ...HOSTS].filter((each) => each === id)
    expect({ rules: RULES[id] === undefined ? 0 : 1, ownerless: ownerless.length }).toEqual(
      ownerless.length > 0 ? { rules: 0, ownerless: 1 } : { rules: 1, ownerless: 0 },
    )
  })

  test('no rule is for an operation that is never carried', () => {
    expect(OPERATIONS.filter(({ id, carried }) => !carried && RULES[id] !== undefined)).toEqual([])
  })
})

import { describe, expect, it } from 'vitest'
import { BODY_FIELDS } from '../../../src/engine/fields/bodies.ts'
import { CONTAINER_CREATE } from '../../../src/engine/fields/container.ts'
import { HOST_CONFIG } from '../../../src/engine/fields/host-config.ts'
import type { Field, ObjectField } from '../../../src/engine/fields/types.ts'
import { OPERATIONS } from '../../../src/engine/operations.ts'
import { DOCUMENTED, REVIEWED } from './facts.ts'
import { allFields, isJudged, JUDGEMENTS, lookUp } from './tables.ts'

const JSON_OPERATIONS = new Set<string>(OPERATIONS.filter((spec) => spec.body === 'json').map((spec) => spec.id))

/** Said of all members of an object together; and a name that create refuses. */
const NO_FIELDS = ['ContainerCreate /*', 'ContainerCreate /Cpuset', 'ImageCommit /*', 'VolumeUpdate /Spec/*']

const REVIEWED_FIELDS = REVIEWED.filter(
  ({ operation, where, path }) =>
    where === 'body' && JSON_OPERATIONS.has(operation) && !NO_FIELDS.includes(`${operation} ${path}`),
)

const NOT_APPLIED = 'no engine applies it at update yet: judged as at create, where it is'
/** Reviewed as harmless and judged all the same. */
const JUDGED_ANYWAY: Readonly<Record<string, string>> = {
  'ContainerCreate /HostConfig/AutoRemove': 'a role may ask for it',
  'ContainerUpdate /Devices': NOT_APPLIED,
  'ContainerUpdate /DeviceCgroupRules': NOT_APPLIED,
  'ContainerUpdate /DeviceRequests': NOT_APPLIED,
  'ContainerUpdate /CgroupParent': NOT_APPLIED,
  'ContainerUpdate /Ulimits': NOT_APPLIED,
  'ContainerUpdate /OomKillDisable': NOT_APPLIED,
}

/** What the official documents have and no engine reads. */
const DOCUMENTED_ONLY = /\/PluginSpec\/PluginPrivilege(\/|$)/

describe('the tables of bodies', () => {
  it('are there for exactly the operations with a JSON body', () => {
    expect([...BODY_FIELDS.keys()].sort()).toEqual([...JSON_OPERATIONS].sort())
  })

  it('have every field of every JSON body of the official documents, with its type', () => {
    const missing = DOCUMENTED.filter(({ operation, path, type }) => {
      const found = lookUp(operation, path)
      if (found === 'ignored') return !DOCUMENTED_ONLY.test(path)
      return found === null || !TYPES[found.field.type].includes(type)
    })
    expect(missing).toEqual([])
    expect(DOCUMENTED.length).toBeGreaterThan(500)
  })

  it('have every field that was reviewed', () => {
    expect(REVIEWED_FIELDS.filter(({ operation, path }) => lookUp(operation, path) === null)).toEqual([])
    expect(REVIEWED_FIELDS.length).toBeGreaterThan(400)
  })

  it('let nothing pass unseen that reaches the host or other tenants', () => {
    const grave = REVIEWED_FIELDS.filter(({ severity }) => severity === 'high' || severity === 'critical')
    const unseen = grave.filter(({ operation, path }) => {
      const found = lookUp(operation, path)
      return found === null || found === 'ignored' || !isJudged(found)
    })
    expect(unseen).toEqual([])
    expect(grave.length).toBeGreaterThan(100)
  })

  it('let pass what was found harmless', () => {
    const judged = REVIEWED_FIELDS.filter(({ operation, path, severity }) => {
      const found = lookUp(operation, path)
      return severity === 'none' && found !== null && found !== 'ignored' && found.field.judge !== 'harmless'
    })
    const names = judged.map(({ operation, path }) => `${operation} ${path}`)
    expect(names.filter((name) => !(name in JUDGED_ANYWAY))).toEqual([])
  })

  it('judge every leaf by a word that there is', () => {
    for (const { operation, path, field } of allFields()) {
      expect(JUDGEMENTS.has(field.judge), `${operation} ${path}`).toBe(true)
    }
  })

  it('hold nothing for a bounded role in the bodies of swarm, node, plugin and login', () => {
    const admin = /^(Swarm|Node|Plugin|SystemAuth)/
    const open = allFields().filter(({ operation, path, field }) => {
      if (!admin.test(operation) || path === '/email') return false
      return ['string', 'boolean', 'integer', 'number'].includes(field.type) && field.judge !== 'host'
    })
    expect(open).toEqual([])
  })
})

describe('T78b the names of HostConfig', () => {
  it('are all known at the top of create, as what belongs elsewhere', () => {
    for (const name of [...HOST_CONFIG.fields.keys(), ...HOST_CONFIG.aliases.keys(), 'Cpuset']) {
      expect(CONTAINER_CREATE.elsewhere.get(name), name).toMatch(/^HostConfig\.\w+$/)
    }
  })

  it('lead to a field that there is', () => {
    for (const place of CONTAINER_CREATE.elsewhere.values()) {
      expect(HOST_CONFIG.fields.has(place.replace('HostConfig.', '')), place).toBe(true)
    }
  })
})

describe('every object of the tables', () => {
  const objects = allFields().flatMap(
    ({ operation, path, field }): Array<[string, ObjectField]> =>
      field.type === 'object' ? [[`${operation} ${path}`, field]] : [],
  )

  it('T40, T42, T44: has names that no case folding makes one', () => {
    for (const [where, { fields }] of objects) {
      const folded = [...fields.keys()].map((name) => name.toLowerCase())
      expect(new Set(folded).size, where).toBe(fields.size)
      for (const name of fields.keys()) expect(name, where).toMatch(/^[A-Za-z][A-Za-z0-9]*$/)
    }
  })

  it('has aliases of fields that there are, one for each at most', () => {
    for (const [where, { fields, aliases }] of objects) {
      for (const [alias, name] of aliases) {
        expect(fields.has(name), `${where} ${alias}`).toBe(true)
        expect(fields.has(alias), `${where} ${alias}`).toBe(false)
      }
      expect(new Set(aliases.values()).size, where).toBe(aliases.size)
    }
  })

  it('ignores no name that the engine would take for a field', () => {
    for (const [where, { fields, aliases, ignored, elsewhere }] of objects) {
      const read = new Set([...fields.keys(), ...aliases.keys(), ...elsewhere.keys()].map((name) => name.toLowerCase()))
      for (const name of ignored) expect(read.has(name.toLowerCase()), `${where} ${name}`).toBe(false)
    }
  })

  it('sends no field always that it does not have as an object', () => {
    for (const [where, { fields, always }] of objects) {
      for (const name of always) expect(fields.get(name)?.type, `${where} ${name}`).toBe('object')
    }
  })
})

const TYPES: Readonly<Record<Field['type'], readonly string[]>> = {
  string: ['string'],
  boolean: ['boolean'],
  integer: ['integer'],
  number: ['number'],
  object: ['object'],
  map: ['object'],
  list: ['array'],
}

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { askedSchema } from '../../src/audit/asked-schema.ts'
import { makeReapRecord } from '../../src/audit/reap-record.ts'
import { recordSchema, recordSchemaText, SCHEMA_FILE } from '../../src/audit/record-schema.ts'
import { expectRecords } from '../support/record-lines.ts'

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')

it('is published as it is in the source (made by: dockgate audit schema)', () => {
  expect(read(SCHEMA_FILE)).toBe(recordSchemaText())
})

it('has every field in docs/records.md, and no other', () => {
  const rows = read('docs/records.md').matchAll(/^\| (`.*?) \|/gm)
  const documented = new Set(
    [...rows].flatMap(([, names = '']) => [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => name)),
  )
  const shapes = [...recordSchema.options.map(({ shape }) => shape), askedSchema.shape]
  const fields = new Set(shapes.flatMap((shape) => Object.keys(shape)))
  expect([...documented].sort()).toEqual([...fields].sort())
})

it('takes the examples of docs/records.md', () => {
  const examples = [...read('docs/records.md').matchAll(/```json\n(\{[^`]*\})\n```/g)].map(([, line = '']) =>
    JSON.parse(line),
  )
  expect(examples.length).toBeGreaterThan(2)
  expectRecords(examples)
})

it('takes the record of what was removed, and of what could not be', () => {
  const object = { kind: 'volume', name: 'data', id: 'data' }
  const envelope = { v: 1, time: '2026-11-22T19:04:38.524Z' }
  expectRecords([
    { ...envelope, ...makeReapRecord({ owner: 'o', object, reason: 'expired', why: null }) },
    { ...envelope, ...makeReapRecord({ owner: 'o', object, reason: 'asked', why: 'in use' }) },
  ])
})

it('takes no field that it does not name', () => {
  const line = { ...JSON.parse(/```json\n(\{.*\})/.exec(read('docs/records.md'))?.[1] ?? ''), token: 'x' }
  expect(() => expectRecords([line])).toThrow('token')
})

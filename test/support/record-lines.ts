import { readFileSync, statSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { expect } from 'vitest'

let validate: ValidateFunction | null = null

/** Expects each record to be as the published schema has it. */
export function expectRecords(records: readonly unknown[]): void {
  validate ??= validator()
  expect(records).not.toEqual([])
  for (const record of records) {
    if (!validate(record)) throw new Error(`no record: ${JSON.stringify({ record, errors: validate.errors })}`)
  }
}

function validator(): ValidateFunction {
  const text = readFileSync(new URL('../../config/schema/record-v1.json', import.meta.url), 'utf8')
  return new Ajv2020({ strict: true, allowUnionTypes: true, validateFormats: false }).compile(JSON.parse(text))
}

/** The same of the lines of a file, where there is one. To be called when it is written no more. */
export function expectRecordFile(file: string): void {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
  if (lines.length > 0) expectRecords(lines.map((line) => JSON.parse(line)))
}

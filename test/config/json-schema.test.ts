import { readdirSync, readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { initialConfig } from '../../src/cli/start-config.ts'
import { publishedIncludedSchema, publishedSchema } from '../../src/config/json-schema.ts'
import { workplace } from '../cli/program.ts'
import { blocks } from '../docs/pages.ts'
import { keysOf, withTables } from '../support/config-keys.ts'
import { SOUND } from './workspace.ts'

const ROOT = new URL('../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8')
const schema = publishedSchema()
const validate = new Ajv({ allErrors: true, allowUnionTypes: true, formats: { uri: URL.canParse } }).compile(schema)

const problemsOf = (text: string): string[] => {
  validate(parse(text))
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}
const soundWith = (line: number, text: string) =>
  SOUND.map((one, index) => (index + 1 === line ? text : one)).join('\n')

/*
 * Both files are made from src/config/: after a change there, `npx vitest run -u test/config/json-schema.test.ts`
 * makes them anew.
 */
it('config/schema/dockgate.json is what the source makes', async () => {
  await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot('../../config/schema/dockgate.json')
})

it('config/schema/dockgate-included.json is what the source makes', async () => {
  const included = `${JSON.stringify(publishedIncludedSchema(), null, 2)}\n`
  await expect(included).toMatchFileSnapshot('../../config/schema/dockgate-included.json')
})

it('the tables of docs/configuration.md are what the source makes', async () => {
  await expect(withTables(read('docs/configuration.md'), schema)).toMatchFileSnapshot('../../docs/configuration.md')
})

it('every key has a description (add .describe() to those that are listed)', () => {
  const bare = keysOf(schema).filter((key) => key.schema.description === undefined)
  expect(bare.map(({ path }) => path)).toEqual([])
})

describe('takes what the loader takes', () => {
  it.each(readdirSync(new URL('config/examples', ROOT)))('config/examples/%s', (name) => {
    expect(problemsOf(read(`config/examples/${name}`))).toEqual([])
  })

  const ofConfigurations = blocks('yaml').filter(({ text }) =>
    Object.keys(parseAllDocuments(text)[0]?.toJS() ?? {}).some((key) => Object.hasOwn(schema.properties ?? {}, key)),
  )
  it('finds configurations on pages', () => {
    expect(new Set(ofConfigurations.map(({ page }) => page)).size).toBeGreaterThan(4)
  })

  it.each(ofConfigurations)('a block of $page', ({ text }) => {
    const rest = parse(SOUND.join('\n'))
    for (const document of parseAllDocuments(text)) {
      expect(problemsOf(stringify({ ...rest, ...document.toJS() }))).toEqual([])
    }
  })

  it.each([
    ['a size as a number', 2, '  - {address: "127.0.0.1:1", limits: {headerBytes: 65536}}'],
    ['a header in lower case', 2, '  - {address: "127.0.0.1:1", tokenHeader: x-mine}'],
    ['a mode', 2, '  - {address: "unix:///run/d.sock", mode: "0660"}'],
    ['a glob of operations', 6, '  observer: {allow: [read, "Image*", ContainerCreate, run]}'],
    ['unlimited', 6, '  observer: {allow: [run], workload: {limits: {memory: unlimited, pids: 10, cpus: 0.5}}}'],
    ['roles and bindings elsewhere', 1, 'include: conf.d\nlisteners:'],
    ['a grace', 6, '  observer: {extends: ci-run, grace: {sessions: unlimited, streams: 5m}}'],
  ])('%s', (_what, line, text) => {
    expect(problemsOf(soundWith(line, text))).toEqual([])
  })
})

describe('refuses what the loader refuses', () => {
  it.each([
    ['an unknown key', 2, '  - {adress: 127.0.0.1:2375}', '/listeners/0 must NOT have additional properties'],
    [
      'a duration without unit',
      2,
      '  - {address: "a:1", limits: {bodyTimeout: 10}}',
      '/listeners/0/limits/bodyTimeout',
    ],
    ['a decimal unit', 2, '  - {address: "a:1", limits: {headerBytes: 64kB}}', '/listeners/0/limits/headerBytes'],
    ['a size out of range', 2, '  - {address: "a:1", limits: {headerBytes: 1}}', '/listeners/0/limits/headerBytes'],
    ['a mode without quotes', 2, '  - {address: "unix:///a", mode: 0660}', '/listeners/0/mode must be string'],
    ['an unknown preset of an issuer', 4, '  local: {jwt: {preset: githup, audience: a}}', '/issuers/local/jwt/preset'],
    ['an issuer of both kinds', 4, '  local: {jwt: {audience: a}, certificate: {authorities: a}}', '/issuers/local'],
    ['an issuer of no kind', 4, '  local: {}', '/issuers/local'],
    ['an unknown access class', 6, '  observer: {allow: [raed]}', '/roles/observer/allow/0'],
    ['an unknown preset of a role', 6, '  observer: {extends: obsrver}', '/roles/observer/extends'],
    ['a role that allows nothing', 6, '  observer: {grace: {sessions: 1m}}', '/roles/observer'],
    ['zero memory', 6, '  observer: {extends: ci-run, workload: {limits: {memory: 0}}}', '/memory'],
    ['a name that is none', 6, '  "a b": {allow: [read]}', '/roles'],
    ['no bindings and nothing included', 7, 'ledger: {file: a}\nrecords:', ' must have required property'],
    ['a binding without issuer', 8, '  - {role: observer}', '/bindings/0 must have required property'],
  ])('%s', (_what, line, text, place) => {
    expect(problemsOf(soundWith(line, text)).join('\n')).toContain(place)
  })
})

describe('editors find it', () => {
  const line = /^# yaml-language-server: \$schema=(.*)\n/

  it.each(readdirSync(new URL('config/examples', ROOT)))('from config/examples/%s', (name) => {
    const [, path = ''] = line.exec(read(`config/examples/${name}`)) ?? []
    expect(readFileSync(new URL(path, new URL(`config/examples/${name}`, ROOT)), 'utf8')).toContain('"$schema"')
  })

  it('from the configuration that dockgate start makes', () => {
    const [, path = ''] = line.exec(initialConfig()) ?? []
    expect(JSON.parse(readFileSync(new URL(path), 'utf8'))).toEqual(schema)
    expect(problemsOf(initialConfig())).toEqual([])
  })

  it('from dockgate schema', async () => {
    const place = workplace()
    const { code, stdout } = await place.run('schema')
    await place.remove()
    expect([code, JSON.parse(stdout)]).toEqual([0, schema])
  })

  it('for files that are included too', async () => {
    const place = workplace()
    const { stdout } = await place.run('schema', '--included')
    await place.remove()
    const validateIncluded = new Ajv({ allowUnionTypes: true }).compile(JSON.parse(stdout))
    expect(validateIncluded({ roles: { ci: { extends: 'ci-run' } } })).toBe(true)
    expect(validateIncluded({ listeners: [] })).toBe(false)
  })
})

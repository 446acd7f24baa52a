import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { certificateFor, createWorkspace } from './workspace.ts'

const EXAMPLES = join(import.meta.dirname, '../../config/examples')
const workspace = createWorkspace()
afterAll(() => workspace.remove())

beforeAll(() => {
  const server = certificateFor()
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  mkdirSync(join(workspace.directory, 'tls'))
  workspace.write('issuer.pub', publicKey.export({ type: 'spki', format: 'pem' }))
  workspace.write('tls/server.crt', server.certificate)
  workspace.write('tls/server.key', server.key)
  workspace.write('tls/clients-ca.crt', certificateFor().certificate)
  workspace.write('tls/company-ca.pem', certificateFor().certificate)
  workspace.write('tls/tools.jwks.json', JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] }))
})

it.each(readdirSync(EXAMPLES))(
  '%s loads without problem or warning, once the files are there that it names',
  (name) => {
    const text = readFileSync(join(EXAMPLES, name), 'utf8')
    expect(workspace.problems(text)).toEqual([])
    expect(workspace.load(text).warnings).toEqual([])
  },
)

it('the examples are those that the documentation names', () => {
  expect(readdirSync(EXAMPLES)).toEqual([
    'github-actions.yaml',
    'gitlab-ci.yaml',
    'many-pipelines.yaml',
    'minimal.yaml',
    'staff-certificates.yaml',
  ])
})

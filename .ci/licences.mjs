// Fails when a package that the published dockgate brings along has a licence that is not on the list, or none.
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '..')
const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Unlicense',
])

const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
const shipped = Object.keys(packages).filter((path) => path !== '' && !packages[path].dev)
const refused = shipped.map((path) => ({ path, licence: licenceOf(path) })).filter(({ licence }) => !isAllowed(licence))

for (const { path, licence } of refused) console.error(`${path.replace('node_modules/', '')}: ${licence}`)
console.log(`licences: ${shipped.length - refused.length} packages allowed, ${refused.length} not`)
process.exitCode = refused.length === 0 && shipped.length > 0 ? 0 : 1

/**
 * The SPDX expression that an installed package declares. One for another platform is not installed: what the registry
 * said when the lock file was written stands in.
 * @param {string} path
 */
function licenceOf(path) {
  const file = join(ROOT, path, 'package.json')
  const { license, licenses } = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : packages[path]
  const declared = license ?? licenses?.map(nameOf).join(' OR ')
  return declared ? nameOf(declared) : 'no licence declared'
}

/** @param {string | { type: string }} licence packages of old declare an object */
function nameOf(licence) {
  return typeof licence === 'string' ? licence : licence.type
}

/**
 * Whether one alternative of an SPDX expression needs only allowed licences. Nested parentheses, which no package here
 * has, are refused because no licence is called so.
 * @param {string} expression
 */
function isAllowed(expression) {
  const flat = expression.startsWith('(') && expression.endsWith(')') ? expression.slice(1, -1) : expression
  return flat.split(' OR ').some((alternative) => alternative.split(' AND ').every((name) => ALLOWED.has(name)))
}

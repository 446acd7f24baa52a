// Fails when a package that the published dockgate holds has a licence that is not on the list, or none.
import { rolldown } from 'rolldown'
import options, { shippedIn } from '../config/rolldown.config.ts'

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

const bundle = await rolldown(options)
const { output } = await bundle.generate(options.output)
await bundle.close()
const shipped = shippedIn(output)
const refused = shipped.filter(({ licence }) => !isAllowed(licence))

for (const { name, licence } of refused) console.error(`${name}: ${licence}`)
console.log(`licences: ${shipped.length - refused.length} packages allowed, ${refused.length} not`)
process.exitCode = refused.length === 0 && shipped.length > 0 ? 0 : 1

/**
 * Whether one alternative of an SPDX expression needs only allowed licences. Nested parentheses, which no package here
 * has, are refused because no licence is called so.
 * @param {string} expression
 */
function isAllowed(expression) {
  const flat = expression.startsWith('(') && expression.endsWith(')') ? expression.slice(1, -1) : expression
  return flat.split(' OR ').some((alternative) => alternative.split(' AND ').every((name) => ALLOWED.has(name)))
}

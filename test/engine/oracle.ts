import { FACTS } from './facts.ts'

/*
 * The engine's own way to an operation, written a second time and slowly: every route's regular expression on the
 * decoded path, in the engine's order, with any `/v[0-9.]+` in front.
 */

const ROUTES = FACTS.map((fact) => ({
  id: fact.id,
  method: fact.method,
  order: fact.order ?? Number.POSITIVE_INFINITY,
  plain: new RegExp(fact.regex, 's'),
  versioned: new RegExp(fact.regex.replace('^', '^/v[0-9.]+'), 's'),
})).sort((left, right) => left.order - right.order)

/** The id of the operation that an engine runs for a method and a decoded path; null when it answers 404. */
export function engineRuns(method: string, decodedPath: string): string | null {
  const found = ROUTES.find(
    (route) => route.method === method && (route.versioned.test(decodedPath) || route.plain.test(decodedPath)),
  )
  return found?.id ?? null
}

/** The path of a target, decoded once as a server does. */
export function decodedPath(target: string): string {
  return decodeURIComponent(target.split('?', 1)[0] ?? '')
}

/** The query pairs of a target, read by the platform's own parser. */
export function queryPairs(target: string): Array<[string, string]> {
  const mark = target.indexOf('?')
  return mark === -1 ? [] : [...new URLSearchParams(target.slice(mark + 1))]
}

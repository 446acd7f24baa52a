import { parseReference } from '../policy/profile/reference.ts'

/*
 * What was seen, as the patterns of a role: each value as it is, and many alike as one. docs/learn.md has these rules.
 */

/** More tags or digests of one image are any of it. */
export const MOST_TAGS = 3
/** More files and directories of one directory are any in it. */
export const MOST_PATHS = 8
/** More names that differ in their numbers alone are any of that form. */
export const MOST_NAMES = 3
/** More ports of one address are all from the first to the last. */
export const MOST_PORTS = 8

/** Images: `name:*` for many tags of one, and its name alone, which fits all, where digests are among them. */
export function foldImages(images: Iterable<string>): string[] {
  const byName = new Map<string, string[]>()
  for (const image of images) {
    const { registry, repository } = parseReference(image) ?? {}
    const name = registry === undefined ? image : `${registry}/${repository}`
    byName.set(name, [...(byName.get(name) ?? []), image])
  }
  return [...byName].flatMap(([name, all]) => {
    if (all.includes(name)) return [name]
    if (all.length <= MOST_TAGS) return all
    return [all.some((image) => image.includes('@')) ? name : `${name}:*`]
  })
}

/** Paths: `/srv/jobs/*` for many of one directory, which is itself below another one. */
export function foldPaths(paths: Iterable<string>): Map<string, string> {
  const byDirectory = new Map<string, string[]>()
  for (const path of paths) {
    const directory = path.slice(0, path.lastIndexOf('/'))
    byDirectory.set(directory, [...(byDirectory.get(directory) ?? []), path])
  }
  const folded = new Map<string, string>()
  for (const [directory, all] of byDirectory) {
    const many = all.length > MOST_PATHS && directory.lastIndexOf('/') > 0
    for (const path of all) folded.set(path, many ? `${directory}/*` : path)
  }
  return folded
}

/** Numbers, and what a program makes of random bytes. */
const COUNTED = /[0-9a-f]{12,}|[0-9]+/g

/** What may be an id counts only where it is listed as it is. */
const MAY_BE_ID = /^[0-9a-z]{1,64}$/

/** Networks: as names, but for those that may be ids. */
export function foldNetworks(names: readonly string[]): string[] {
  return [...names.filter((name) => MAY_BE_ID.test(name)), ...foldNames(names.filter((name) => !MAY_BE_ID.test(name)))]
}

/** Names: `job-*-net` for many of that form. A form of fewer than three letters says nothing. */
export function foldNames(names: Iterable<string>): string[] {
  const byForm = new Map<string, string[]>()
  for (const name of names) {
    const form = name.replace(COUNTED, '*')
    byForm.set(form, [...(byForm.get(form) ?? []), name])
  }
  return [...byForm].flatMap(([form, all]) =>
    all.length > MOST_NAMES && form.replaceAll('*', '').length >= 3 ? [form] : all,
  )
}

/** Ports, as records write them: `8000-8010/tcp` for many of one address. */
export function foldPorts(ports: Iterable<string>): string[] {
  const byPlace = new Map<string, string[]>()
  for (const port of ports) {
    const [, where = '', first = '', protocol = ''] = /^(.*:)?([0-9-]+)\/([a-z]+)$/.exec(port) ?? []
    const place = first === '0' || first === '' ? port : `${where} ${protocol}`
    byPlace.set(place, [...(byPlace.get(place) ?? []), port])
  }
  return [...byPlace.values()].flatMap((all) => (all.length <= MOST_PORTS ? all : [rangeOf(all)]))
}

function rangeOf(ports: readonly string[]): string {
  const numbers = ports.flatMap((port) => (/([0-9-]+)\/[a-z]+$/.exec(port)?.[1] ?? '').split('-').map(Number))
  const [, where = '', protocol = ''] = /^(.*:)?[0-9-]+\/([a-z]+)$/.exec(ports[0] ?? '') ?? []
  return `${where}${Math.min(...numbers)}-${Math.max(...numbers)}/${protocol}`
}

import { hash } from 'node:crypto'
import { dirname, relative } from 'node:path'
import { conceal } from './conceal.ts'
import type { ConfigDocument } from './document.ts'
import { type ConfigProblem, formatPath, type Issue } from './errors.ts'
import { explainIssues } from './explain.ts'
import { includedSchema } from './include.ts'

/** One file of a configuration. */
export interface Source {
  readonly file: string
  readonly document: ConfigDocument
  /** Of the file's bytes, in hexadecimal. */
  readonly sha256: string
}

/** A configuration that was read, with all files that it includes. */
export interface Sources {
  /** One value, as if everything stood in the first file. */
  readonly value: unknown
  /** Of the file's bytes, as `sha256sum` prints it; of several files, of what that prints of them in the first one's folder. */
  readonly sha256: string
  /** What is wrong with what is included. */
  readonly problems: readonly ConfigProblem[]
  /** Values from elsewhere that are not to be had: null stands for them. */
  readonly missing: readonly ConfigProblem[]
  /** Puts the place in its file to an issue; values from elsewhere are concealed in its message. */
  locate(issue: Issue): ConfigProblem
  /** The files in the order in which they count. */
  readonly order: readonly string[]
}

type Path = readonly PropertyKey[]

/** A file, and how many bindings stand in those before it: bindings are counted through all files. */
interface Origin {
  readonly source: Source
  readonly before: number
}

interface Merge {
  /** Takes in the roles and bindings of an included file. */
  add(source: Source): void
  /** Takes a problem with the first file. */
  problem(issue: Issue): void
  /** Takes what is wrong with a file that cannot be read. */
  broken(problems: readonly ConfigProblem[]): void
  finish(): Sources
}

/** Puts included files into a configuration, and knows what came from where. */
export function mergeInto(main: Source): Merge {
  const value = mapping(main.document.value)
  const origins: Origin[] = [{ source: main, before: 0 }]
  const roles = createRoles(main)
  const bindings: unknown[] = Array.isArray(value.bindings) ? [...value.bindings] : []
  const problems: ConfigProblem[] = []

  function originOf([part, key]: Path): Origin {
    const [first] = origins as [Origin]
    if (part === 'roles') return origins.find(({ source }) => source === roles.sourceOf(String(key))) ?? first
    if (part !== 'bindings' || typeof key !== 'number') return first
    return origins.findLast(({ before }) => before <= key) ?? first
  }

  function locate(issue: Issue): ConfigProblem {
    const { source, before } = originOf(issue.path)
    return locateIn(source, { ...issue, path: shifted(issue.path, -before) }, issue.path)
  }

  /** @param path where it stands in the whole */
  function locateIn({ document }: Source, issue: Issue, path: Path): ConfigProblem {
    const elsewhere = origins.flatMap(({ source }) => (source.document === document ? [] : source.document.replaced))
    const message = conceal(conceal(issue.message, issue.path, document.replaced), null, elsewhere)
    return { ...document.locate({ ...issue, message }), path: formatPath(path) }
  }

  return {
    add(source) {
      const { document } = source
      const at = (issue: Issue) => problems.push(locateIn(source, issue, issue.path))
      // What is in a role or a binding is looked into with all others.
      const issues = (includedSchema.safeParse(document.value).error?.issues ?? []).filter(
        ({ path }) => path.length < 2,
      )
      for (const issue of explainIssues(includedSchema, document.value, issues)) at(issue)
      const { roles: more, bindings: further } = mapping(document.value)
      for (const [name, role] of Object.entries(mapping(more))) {
        const path = ['roles', name]
        if (roles.add(source, name, role)) continue
        const first = locate({ path, message: '', atKey: true })
        at({ path, message: `is in ${first.file}:${first.line} already: give one of them another name`, atKey: true })
      }
      origins.push({ source, before: bindings.length })
      if (Array.isArray(further)) bindings.push(...further)
    },
    problem: (issue) => void problems.push(locate(issue)),
    broken: (more) => void problems.push(...more),
    finish() {
      const missing = origins.flatMap(({ source, before }) =>
        source.document.problems.map((issue) => locateIn(source, issue, shifted(issue.path, before))),
      )
      const merged = {
        ...value,
        ...(value.roles === undefined || isMapping(value.roles) ? { roles: roles.all } : {}),
        ...(value.bindings === undefined || Array.isArray(value.bindings) ? { bindings } : {}),
      }
      return {
        value: value.include === undefined ? main.document.value : merged,
        sha256: hashOf(origins.map(({ source }) => source)),
        missing,
        problems,
        locate,
        order: origins.map(({ source }) => source.file),
      }
    },
  }
}

function createRoles(main: Source) {
  const all: Record<string, unknown> = { ...mapping(mapping(main.document.value).roles) }
  const sources = new Map<string, Source>()
  return {
    all,
    sourceOf: (name: string) => sources.get(name) ?? main,
    /** False when there is one of that name. */
    add(source: Source, name: string, role: unknown): boolean {
      if (Object.hasOwn(all, name)) return false
      all[name] = role
      sources.set(name, source)
      return true
    },
  }
}

/** A path with bindings counted from another one. */
function shifted(path: Path, by: number): Path {
  const [part, key, ...rest] = path
  return part === 'bindings' && typeof key === 'number' ? [part, key + by, ...rest] : path
}

/** Of one file, its own; of several, that of what `sha256sum` prints of them in the folder of the first. */
function hashOf(sources: readonly Source[]): string {
  const [main] = sources as [Source]
  if (sources.length === 1) return main.sha256
  const lines = sources.map(({ file, sha256 }) => `${sha256}  ${relative(dirname(main.file), file)}\n`)
  return hash('sha256', lines.join(''), 'hex')
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value, or an empty mapping where it is none. */
export function mapping(value: unknown): Record<string, unknown> {
  return isMapping(value) ? value : {}
}

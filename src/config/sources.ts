import { hash } from 'node:crypto'
import { dirname, resolve } from 'node:path'
import { parseConfigDocument } from './document.ts'
import { ConfigError, type ConfigProblem } from './errors.ts'
import { includedFiles } from './include.ts'
import { mapping, mergeInto, type Source, type Sources } from './merge.ts'
import { readSmallFile } from './read-file.ts'
import type { Outside } from './substitute.ts'

/** What reading a configuration may be told. */
export interface ReadOptions {
  /** The process's own when left out. */
  readonly environment?: Outside['environment']
  /** Told of each file and folder, with its absolute path, before it is read. */
  readonly reads?: Outside['reads']
}

/**
 * Reads a configuration and the files that it includes.
 *
 * @param file as the operator named it
 * @throws ConfigError when the file cannot be read, or is no YAML
 */
export function readSources(file: string, { environment = process.env, reads = () => {} }: ReadOptions = {}): Sources {
  const read = (one: string) => readSource(one, { directory: dirname(resolve(one)), environment, reads })
  const main = read(file)
  if ('problems' in main) throw new ConfigError(main.problems)
  const { include } = mapping(main.document.value)
  const merged = mergeInto(main)
  if (include !== undefined) {
    const { files, problems } = includedFiles(include, file, reads)
    for (const issue of problems) merged.problem(issue)
    for (const one of files) {
      const source = read(one)
      if ('problems' in source) merged.broken(source.problems)
      else merged.add(source)
    }
  }
  return merged.finish()
}

function readSource(file: string, outside: Outside): Source | { readonly problems: readonly ConfigProblem[] } {
  outside.reads(resolve(file))
  const read = readSmallFile(file)
  if ('problem' in read) return { problems: [{ file, line: 0, column: 0, path: '', message: read.problem }] }
  const result = parseConfigDocument(file, read.text, outside)
  return 'problems' in result
    ? { problems: result.problems }
    : { file, document: result.document, sha256: hash('sha256', read.bytes, 'hex') }
}

import type { ArchiveEntry } from '../../inspect/archive-entry.ts'
import type { ArchiveRules, ArchiveWatch } from '../../inspect/archive-rules.ts'
import { parseJson } from '../../inspect/json/parse.ts'
import { isJsonArray, isJsonObject, type JsonValue } from '../../inspect/json/value.ts'
import { Refusal } from '../../refusal.ts'
import { quoted } from '../../text.ts'
import { textAt } from '../edit.ts'
import { fullReference } from './references.ts'

/** Where an archive of images says their names: docker save's (`tarexport`), the older one, and that of OCI layouts. */
const NAMING: ReadonlySet<string> = new Set(['manifest.json', 'repositories', 'index.json'])
/** A manifest of some hundred images. */
const MOST_BYTES = 1024 * 1024
const ANNOTATIONS = ['io.containerd.image.name', 'org.opencontainers.image.ref.name'] as const

/**
 * Rules for an archive of images that is looked into for the names that it would give. Engines read the archive to its
 * end before they give any, so the end waits for what `named` says; a rejection of it refuses the archive.
 *
 * @param named gets full references
 */
export function imageArchiveRules(named: (references: readonly string[]) => Promise<void>): ArchiveRules {
  return {
    // What is in an image's layers is the image's own.
    anyLinks: true,
    special: true,
    refuse: ({ asked, why }) => new Refusal('body-malformed', `${asked}: ${why}`),
    watch: watchNames(named),
  }
}

function watchNames(named: (references: readonly string[]) => Promise<void>): ArchiveWatch {
  const references = new Set<string>()
  let bytes = 0
  return {
    wants(entry) {
      // Through a linked folder too, a file is written by the last part of its name.
      if (!NAMING.has(baseOf(entry))) return false
      bytes += entry.size
      if (entry.type === 'directory') return false
      if (entry.type !== 'file') throw malformed(entry, `is a ${entry.type}`)
      if (bytes > MOST_BYTES) throw malformed(entry, `has more than ${MOST_BYTES} bytes`)
      return true
    },
    read(entry, content) {
      for (const name of namesIn(baseOf(entry), parsed(entry, content))) {
        const reference = fullReference(name)
        if (reference === null) throw malformed(entry, `gives the name ${quoted(name, 80)}, which is none`)
        references.add(reference)
      }
    },
    end: () => named([...references]),
  }
}

function baseOf({ name }: ArchiveEntry): string {
  return name.replace(/\/+$/, '').split('/').at(-1) ?? ''
}

function parsed(entry: ArchiveEntry, content: Buffer): JsonValue {
  try {
    return parseJson(content)
  } catch (cause) {
    throw malformed(entry, 'cannot be read without doubt', cause)
  }
}

function namesIn(file: string, body: JsonValue): readonly string[] {
  switch (file) {
    case 'manifest.json':
      return elements(body).flatMap((image) => members(image, 'RepoTags').flatMap(texts))
    case 'repositories':
      return repositories(body)
    default:
      return members(body, 'manifests').flatMap(annotated)
  }
}

function repositories(body: JsonValue): readonly string[] {
  if (body === null || !isJsonObject(body)) return []
  return Object.entries(body).flatMap(([repository, tags]) =>
    tags !== null && isJsonObject(tags) ? Object.keys(tags).map((tag) => `${repository}:${tag}`) : [],
  )
}

/** A tag alone, which an OCI layout may have, names nothing by itself. */
function annotated(manifests: JsonValue): readonly string[] {
  return elements(manifests)
    .flatMap((manifest) => members(manifest, 'annotations'))
    .flatMap((annotations) => ANNOTATIONS.map((name) => textAt(annotations, name)))
    .filter((text) => /[/:]/.test(text))
}

/** Every member whose name Go's encoding/json takes for this one: it folds case, `ſ` and the Kelvin sign included. */
function members(value: JsonValue, name: string): readonly JsonValue[] {
  if (value === null || !isJsonObject(value)) return []
  return Object.entries(value).flatMap(([other, member]) => (folded(other) === folded(name) ? [member] : []))
}

function folded(name: string): string {
  return name.toUpperCase().toLowerCase()
}

function elements(value: JsonValue): readonly JsonValue[] {
  return value !== null && isJsonArray(value) ? value : []
}

function texts(value: JsonValue): readonly string[] {
  return elements(value).filter((text) => typeof text === 'string')
}

function malformed(entry: ArchiveEntry, problem: string, cause?: unknown): Refusal {
  return new Refusal('body-malformed', `the archive's ${quoted(entry.name, 80)} ${problem}`, { cause })
}

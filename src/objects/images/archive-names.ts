import type { ArchiveEntry } from '../../inspect/archive-entry.ts'
import type { ArchiveRules, ArchiveWatch } from '../../inspect/archive-rules.ts'
import { parseJson } from '../../inspect/json/parse.ts'
import { isJsonObject, type JsonValue } from '../../inspect/json/value.ts'
import { Refusal } from '../../refusal.ts'
import { quoted } from '../../text.ts'
import { textAt } from '../edit.ts'
import { createLayers } from './archive-layers.ts'
import { elements, members, texts } from './folded.ts'
import { fullReference } from './references.ts'

/** Where an archive of images says their names: docker save's (`tarexport`), the older one, and that of OCI layouts. */
const NAMING: ReadonlySet<string> = new Set(['manifest.json', 'repositories', 'index.json'])
/** A manifest of some hundred images. */
const MOST_BYTES = 1024 * 1024
const ANNOTATIONS = ['io.containerd.image.name', 'org.opencontainers.image.ref.name'] as const

/**
 * Rules for an archive of images that is looked into for the names that it would give, and for whether it has all that it
 * says is in them. Engines read the archive to its end before they give any, so the end waits for what `named` says; a
 * rejection of it refuses the archive.
 *
 * @param named gets full references
 */
export function imageArchiveRules(named: (references: readonly string[]) => Promise<void>): ArchiveRules {
  return {
    // What is in an image's layers is the image's own.
    anyLinks: true,
    special: true,
    refuse: ({ asked, why }) => new Refusal('body-malformed', `${asked}: ${why}`),
    watch: watchImages(named),
  }
}

function watchImages(named: (references: readonly string[]) => Promise<void>): ArchiveWatch {
  const references = new Set<string>()
  const configurations = new Set<string>()
  const layers = createLayers()
  let bytes = 0
  return {
    wants(entry) {
      const mayBeConfiguration = layers.wants(entry)
      // Through a linked folder too, a file is written by the last part of its name.
      if (!NAMING.has(baseOf(entry))) return mayBeConfiguration
      bytes += entry.size
      if (entry.type === 'directory') return false
      if (entry.type !== 'file') throw malformed(entry, `is a ${entry.type}`)
      if (bytes > MOST_BYTES) throw malformed(entry, `has more than ${MOST_BYTES} bytes`)
      return true
    },
    read(entry, content) {
      layers.read(entry, content)
      if (!NAMING.has(baseOf(entry))) return
      const body = parsed(entry, content)
      for (const path of elements(body).flatMap((image) => members(image, 'Config'))) {
        if (typeof path === 'string') configurations.add(path)
      }
      for (const name of namesIn(baseOf(entry), body)) {
        const reference = fullReference(name)
        if (reference === null) throw malformed(entry, `gives the name ${quoted(name, 80)}, which is none`)
        references.add(reference)
      }
    },
    pass: layers.pass,
    end() {
      layers.check([...configurations])
      return named([...references])
    },
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

function malformed(entry: ArchiveEntry, problem: string, cause?: unknown): Refusal {
  return new Refusal('body-malformed', `the archive's ${quoted(entry.name, 80)} ${problem}`, { cause })
}

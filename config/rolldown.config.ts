import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { OutputAsset, OutputChunk, Plugin, RolldownOptions } from 'rolldown'

const ROOT = path.join(import.meta.dirname, '..')
const LICENCE_FILE = /^(licen[cs]e|copying|notice)/i

/** A package that some of the program comes from. */
export interface Shipped {
  readonly name: string
  readonly version: string
  /** What it declares, an SPDX expression. */
  readonly licence: string
  /** The text of its licence; null where it brings none. */
  readonly text: string | null
}

/** The packages that the files of a bundle hold modules of, by name. */
export function shippedIn(files: readonly (OutputAsset | OutputChunk)[]): Shipped[] {
  const modules = files.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []))
  const folders = new Set(modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? []))
  return [...folders].map(described).sort((a, b) => (a.name < b.name ? -1 : 1))
}

function described(folder: string): Shipped {
  const {
    name,
    version,
    license = 'no licence declared',
  } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    name: string
    version: string
    license?: string
  }
  const texts = readdirSync(folder).filter((file) => LICENCE_FILE.test(file))
  const text = texts.map((file) => readFileSync(path.join(folder, file), 'utf8').trim()).join('\n\n')
  return { name, version, licence: license, text: text === '' ? null : text }
}

/** Writes which packages are in the bundle, in which version and by which licence, whose text most ask to be passed on. */
function thirdParty(): Plugin {
  return {
    name: 'third-party',
    generateBundle(_, bundle) {
      const entries = shippedIn(Object.values(bundle)).map(
        ({ name, version, licence, text }) =>
          `${name} ${version} (${licence})\n\n${text ?? 'It brings no text of it.'}\n`,
      )
      const source = `dockgate is made with these packages, and holds parts of them.\n\n${entries.join(`\n${'-'.repeat(80)}\n`)}`
      this.emitFile({ type: 'asset', fileName: 'third-party.txt', source })
    },
  }
}

/**
 * The published program: sources and packages in a few files. To find and read a thousand of them takes Node longer than
 * all that the gate does until it listens. Nothing is renamed or squeezed, so that a stack trace can be read.
 */
export default {
  input: { 'cli/main': path.join(ROOT, 'src/cli/main.ts') },
  platform: 'node',
  transform: { target: 'node22' },
  plugins: [thirdParty()],
  output: {
    dir: path.join(ROOT, 'dist'),
    cleanDir: true,
    // As deep as the sources are: what stands in the package beside them is found by the same relative URL.
    chunkFileNames: 'parts/[name].js',
    comments: { annotation: false, jsdoc: false, legal: true },
  },
} satisfies RolldownOptions

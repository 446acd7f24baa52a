import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { printJson } from './failure.ts'

export interface Versions {
  readonly dockgate: string
  readonly node: string
  readonly openssl: string
}

/** The versions of what runs. package.json is two folders up from here, in the sources as in the package. */
export function versionOf(): Versions {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return { dockgate: version, node: process.versions.node, openssl: process.versions.openssl }
}

export function versionCommand(): Command {
  return new Command('version')
    .description('print the versions of dockgate, Node and OpenSSL')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  $ dockgate version --json')
    .action(({ json }: { json?: true }) => {
      const versions = versionOf()
      if (json) printJson(versions)
      else process.stdout.write(`dockgate ${versions.dockgate} (node ${versions.node}, openssl ${versions.openssl})\n`)
    })
}

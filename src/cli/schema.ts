import { Command } from 'commander'
import { printJson } from './failure.ts'

/** Where the published schema is: two folders up from here, in the sources as in the package. */
const PUBLISHED = new URL('../../config/schema/dockgate.json', import.meta.url)

/** The line, with its end, by which editors find the schema of a configuration that is made on this machine. */
export function schemaLine(): string {
  return `# yaml-language-server: $schema=${PUBLISHED.href}\n`
}

export function schemaCommand(): Command {
  return new Command('schema')
    .description('print the JSON Schema of the configuration, for editors')
    .option('--included', 'the one of a file of roles and bindings that a configuration includes')
    .addHelpText(
      'after',
      '\nExample:\n  $ dockgate schema > dockgate.schema.json\n  and, as the first line of dockgate.yaml:\n  # yaml-language-server: $schema=dockgate.schema.json',
    )
    .action(async ({ included }: { included?: true }) => {
      const { publishedIncludedSchema, publishedSchema } = await import('../config/json-schema.ts')
      printJson(included ? publishedIncludedSchema() : publishedSchema())
    })
}

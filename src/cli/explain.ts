import { Command, InvalidArgumentError, Option } from 'commander'
import { ConfigError } from '../config/errors.ts'
import type { Header, QuestionOptions } from './explain-question.ts'
import { EXIT_REFUSED, printJson } from './failure.ts'

interface Options extends QuestionOptions {
  readonly config: string
  readonly json?: true
}

/** A token of RFC 9110 section 5.6.2, and a value of section 5.5. */
const HEADER = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*([\x20-\x7e\t]*)$/
/** Made from the other options. */
const OWN_HEADERS: ReadonlyMap<string, string> = new Map([
  ['authorization', '--token says who asks'],
  ['host', 'it decides nothing'],
  ['content-length', '--body is the body'],
  ['transfer-encoding', '--body is the body'],
  ['connection', 'it decides nothing'],
  ['upgrade', 'it decides nothing here'],
  ['expect', 'it decides nothing here'],
])

export function explainCommand(): Command {
  return new Command('explain')
    .description('say whether the gate would allow a request, and why; nothing is sent to the engine')
    .argument('<method>', 'GET, POST, …')
    .argument('<path>', 'path and query, as in /v1.47/containers/create?name=web')
    .requiredOption('-c, --config <file>', 'the configuration (YAML)')
    .addOption(new Option('--as <file>', 'who asks, taken as verified: claims as JSON ("-": standard input)'))
    .addOption(
      new Option(
        '--token <token>',
        'who asks, verified as the gate does; "-" reads standard input and "@file" a file, which keeps it out of the process list',
      ).conflicts('as'),
    )
    .option('--body <file>', 'the request body ("-": standard input)')
    .option('--header <header>', "a further header, such as 'X-Registry-Auth: e30='; repeatable", addHeader)
    .option('--json', 'the decision as JSON, with the body that would be sent')
    .addHelpText(
      'after',
      `
Examples:
  $ dockgate explain --config dockgate.yaml --as claims.json GET /containers/json
  $ dockgate explain --config dockgate.yaml --token @token POST /containers/create --body create.json

claims.json holds the claims of a token, whose "iss" names the issuer:
  {"iss": "https://token.actions.githubusercontent.com", "sub": "repo:acme/shop", "ref": "refs/heads/main"}
or an issuer of the configuration by its name, with claims or the facts of a certificate:
  {"issuer": "staff", "certificate": {"commonName": "alice"}}

Exit codes: 0 it is allowed, 3 it is refused, 2 the command line, a file or the configuration is wrong.`,
    )
    .action(async (method: string, path: string, { config, json, ...options }: Options) => {
      // What decides takes half a second to load: the commands beside this one do not wait for it.
      const { loadConfig } = await import('../config/load.ts')
      const { readQuestion } = await import('./explain-question.ts')
      const { explainRequest } = await import('./explain-decision.ts')
      const { explanationText } = await import('./explain-text.ts')
      try {
        const loaded = loadConfig(config)
        const question = await readQuestion(method, path, options, loaded.config.issuers)
        const explanation = await explainRequest(loaded, question)
        if (json) printJson(explanation)
        else process.stdout.write(explanationText(explanation))
        if (!explanation.allowed) process.exitCode = EXIT_REFUSED
      } catch (error) {
        if (json && error instanceof ConfigError) printJson({ problems: error.problems })
        throw error
      }
    })
}

function addHeader(text: string, headers: readonly Header[] = []): readonly Header[] {
  const [, name = '', value = ''] = HEADER.exec(text) ?? []
  if (name === '') throw new InvalidArgumentError("write 'Name: value'")
  const own = OWN_HEADERS.get(name.toLowerCase())
  if (own !== undefined) throw new InvalidArgumentError(`${name} cannot be given: ${own}`)
  return [...headers, [name, value.trimEnd()]]
}

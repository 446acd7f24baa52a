import { readSmallFile } from '../config/read-file.ts'
import { withoutTokens } from './redact.ts'
import type { TokenSource } from './tokens.ts'

/** The token in a file, which somebody else renews: it is read again for every request. */
export function fileTokens(file: string): TokenSource {
  const name = `--token-file ${withoutTokens(file)}`
  return {
    name,
    local: true,
    async fetch() {
      const result = readSmallFile(file)
      if ('problem' in result) throw new Error(`${name}: the file ${result.problem}`)
      return result.text
    },
  }
}

/** The token in a variable of this process's environment, as GitLab gives it (`id_tokens`). */
export function environmentTokens(variable: string): TokenSource {
  const name = `--gitlab ${variable}`
  return {
    name,
    local: true,
    async fetch() {
      const token = process.env[variable]
      if (token !== undefined) return token
      throw new Error(
        `${name}: the environment has no such variable; the job needs id_tokens: { ${variable}: { aud: … } }`,
      )
    },
  }
}

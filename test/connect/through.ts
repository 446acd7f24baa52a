import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseGateAddress } from '../../src/connect/address.ts'
import { type RunningConnect, startConnect } from '../../src/connect/start.ts'
import { fileTokens } from '../../src/connect/token-local.ts'
import type { TokenSource } from '../../src/connect/tokens.ts'
import type { Comparison } from '../client/compare.ts'
import { observe, type Theme } from '../client/observe.ts'
import { directRoute, type Route, temporaryDirectory } from '../support/docker-client.ts'
import type { TestGate } from '../support/gate.ts'

/** A local socket in this process, in front of a gate over TLS. */
export interface LocalSocket {
  readonly route: Route
  close(): void
}

/** Opens a local socket to the gate's TLS listener; with an operator's token in a file unless told. */
export async function openLocal(gate: TestGate, source?: TokenSource): Promise<LocalSocket> {
  const folder = temporaryDirectory('local')
  const at = (name: string) => path.join(folder.path, name)
  writeFileSync(at('ca.pem'), gate.authority)
  writeFileSync(at('token'), await gate.token())
  const running: RunningConnect = await startConnect({
    gate: parseGateAddress(gate.urls.tls.replace('tcp://', 'https://')),
    files: { authorities: at('ca.pem'), client: null },
    source: source ?? fileTokens(at('token')),
    tokenHeader: null,
    listen: `unix://${at('docker.sock')}`,
    warn: (message) => process.stderr.write(`${message}\n`),
  })
  return {
    route: { ...directRoute(at('docker.sock'), at('client')), name: 'connect' },
    close() {
      running.close()
      folder.remove()
    },
  }
}

/** One test for each step: through the local socket and the gate it does what it does on the engine's own socket. */
export function throughLocalSocket(parts: Comparison, themes: readonly Theme[]): void {
  let local: LocalSocket
  beforeAll(async () => {
    local = await openLocal(parts.gate())
  })
  afterAll(() => local.close())
  for (const theme of themes) {
    describe(theme.name, () => {
      it.each(theme.steps.map((step) => [step.name, step] as const))('%s', async (_, step) => {
        const wanted = await observe(parts.engine(), parts.direct(), step)
        expect(await observe(parts.engine(), local.route, step)).toEqual(wanted)
      })
    })
  }
}

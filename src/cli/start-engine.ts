import { rmSync } from 'node:fs'
import net from 'node:net'
import type { LoadedConfig } from '../config/load.ts'
import { createDemoEngine } from '../demo/engine.ts'

/** Where a configuration without another wish finds the engine. */
export const USUAL_ENGINE = 'unix:///var/run/docker.sock'

/** Linux's `sun_path` without its end (unix(7)). */
const SOCKET_PATH_BYTES = 107

/** The configuration with the engine that serves it. */
export interface ChosenEngine {
  readonly loaded: LoadedConfig
  /** Null: the real engine. Otherwise why the demo engine stands in for it, for the person to read. */
  readonly missing: string | null
  /** Ends the demo engine, if it is one. */
  close(): void
}

/**
 * Chooses the engine at each start, so that no choice goes stale in a file: DOCKER_HOST when it is a unix socket, else
 * what the configuration says; the in-memory demo engine when nothing answers there.
 *
 * @throws Error when the demo engine cannot listen at `demoSocket`
 */
export async function chooseEngine(
  loaded: LoadedConfig,
  dockerHost: string | undefined,
  demoSocket: string,
): Promise<ChosenEngine> {
  const wanted = dockerHost?.startsWith('unix:///') ? dockerHost : loaded.config.engine
  const failure = await connectFailure(wanted.slice('unix://'.length))
  if (failure === null) return { loaded: withEngine(loaded, wanted), missing: null, close: () => {} }
  const close = await startDemo(demoSocket)
  return { loaded: withEngine(loaded, `unix://${demoSocket}`), missing: `${wanted}: ${failure}`, close }
}

/** The same configuration for an engine that is elsewhere. */
export function withEngine(loaded: LoadedConfig, engine: string): LoadedConfig {
  return { ...loaded, config: { ...loaded.config, engine } }
}

/** Null when somebody listens on the socket, otherwise why nobody can be reached there. */
function connectFailure(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const probe = net.connect({ path })
    probe.once('connect', () => {
      probe.destroy()
      resolve(null)
    })
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(explain(error)))
  })
}

function explain(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ENOENT':
      return 'there is no such socket'
    case 'ECONNREFUSED':
      return 'nobody listens there'
    case 'EACCES':
      return 'this user may not open it'
    default:
      return error.message
  }
}

async function startDemo(path: string): Promise<() => void> {
  if (Buffer.byteLength(path) > SOCKET_PATH_BYTES) {
    throw new Error(
      `${path} is too long for a unix socket (${SOCKET_PATH_BYTES} bytes); name a shorter folder with --state`,
    )
  }
  if ((await connectFailure(path)) === null) {
    throw new Error(`${path}: another "dockgate start" serves its demo engine there; stop it, or use another --state`)
  }
  rmSync(path, { force: true })
  const server = createDemoEngine()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  return () => {
    server.close()
    server.closeAllConnections()
  }
}

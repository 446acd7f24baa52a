import { rmSync } from 'node:fs'
import net from 'node:net'
import { dirname, resolve } from 'node:path'
import { Command } from 'commander'
import { type LoadedConfig, loadConfig } from '../config/load.ts'
import { createDemoEngine } from '../demo/engine.ts'
import { makePrivateFolder, PRIVATE_FILE, readIfThere, writeNewFile } from '../pki/files.ts'
import { serveUntilSignal } from './serve.ts'
import { makeClients } from './start-clients.ts'
import { initialConfig } from './start-config.ts'
import { welcome } from './start-lines.ts'
import { keepLeaf, makeSecrets, readAuthority, STATE_FOLDER, statePaths, typed } from './state.ts'

const ENGINE = 'unix:///var/run/docker.sock'

export function startCommand(): Command {
  return new Command('start')
    .description(
      'a gate on this machine: makes certificates, keys and a configuration where they are missing, and serves',
    )
    .option('--state <folder>', 'where everything is made and kept, mode 0700', STATE_FOLDER)
    .addHelpText(
      'after',
      `
The engine is DOCKER_HOST when that is a unix socket, else the one in the folder's dockgate.yaml. When nothing answers
there, an in-memory demo engine takes its place.

Example:
  $ dockgate start --state ~/.dockgate`,
    )
    .action(async ({ state }: { state: string }) => {
      const folder = resolve(state)
      const made = makeState(folder)
      const loaded = withEngine(loadConfig(typed(statePaths(folder).config)))
      const demo = (await answers(socketOf(loaded))) ? null : await startDemo(statePaths(folder).demoSocket)
      const served = demo === null ? loaded : engineAt(loaded, `unix://${demo.path}`)
      const gate = await serveUntilSignal(served, () => demo?.close())
      const clients = await makeClients(folder)
      process.stdout.write(
        welcome({
          folder,
          made,
          gate,
          engine: demo === null ? served.config.engine : null,
          missed: loaded.config.engine,
          clients,
        }),
      )
    })
}

/** Makes what is missing; what is there stays, but for a server certificate near its end. */
function makeState(folder: string): string[] {
  const paths = statePaths(folder)
  const made = makeSecrets(folder)
  const authority = readAuthority(folder)
  const names = ['localhost', '127.0.0.1', '::1']
  makePrivateFolder(dirname(paths.server.certificate))
  if (keepLeaf(paths.server, authority, () => authority.issueServer({ names }))) made.push(paths.server.certificate)
  if (readIfThere(paths.config) === null) {
    writeNewFile(paths.config, initialConfig(engineFromEnvironment() ?? ENGINE), PRIVATE_FILE)
    made.push(paths.config)
  }
  return made
}

function engineFromEnvironment(): string | null {
  const host = process.env.DOCKER_HOST
  return host?.startsWith('unix:///') ? host : null
}

function withEngine(loaded: LoadedConfig): LoadedConfig {
  const engine = engineFromEnvironment()
  return engine === null ? loaded : engineAt(loaded, engine)
}

function engineAt(loaded: LoadedConfig, engine: string): LoadedConfig {
  return { ...loaded, config: { ...loaded.config, engine } }
}

function socketOf({ config }: LoadedConfig): string {
  return config.engine.slice('unix://'.length)
}

function answers(path: string): Promise<boolean> {
  return new Promise((done) => {
    const probe = net.connect({ path })
    probe.once('connect', () => {
      probe.destroy()
      done(true)
    })
    probe.once('error', () => done(false))
  })
}

async function startDemo(path: string): Promise<{ path: string; close(): void }> {
  rmSync(path, { force: true })
  const server = createDemoEngine()
  await new Promise<void>((done, fail) => {
    server.once('error', fail)
    server.listen(path, done)
  })
  return { path, close: () => server.close() }
}

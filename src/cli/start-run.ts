import { dirname } from 'node:path'
import { loadConfig } from '../config/load.ts'
import { makePrivateFolder, PRIVATE_FILE, readIfThere, writeNewFile } from '../pki/files.ts'
import { say } from './failure.ts'
import { followConfig } from './follow-config.ts'
import { near, statePaths } from './paths.ts'
import { sayWarnings, serveUntilSignal } from './serve.ts'
import { makeClients } from './start-clients.ts'
import { initialConfig } from './start-config.ts'
import { chooseEngine, withEngine } from './start-engine.ts'
import { welcome } from './start-lines.ts'
import { keepLeaf, makeSecrets, readAuthority } from './state.ts'

/** Makes what is missing in the folder, then serves its configuration until a signal. */
export async function start(folder: string, dockerHost: string | undefined): Promise<void> {
  const paths = statePaths(folder)
  const made = makeState(folder)
  const clients = await makeClients(folder)
  // Chosen once, whatever the file says later.
  let engine: string | null = null
  const followed = followConfig(near(paths.config), (reads) => {
    const loaded = loadConfig(near(paths.config), { reads })
    return engine === null ? loaded : withEngine(loaded, engine)
  })
  sayWarnings(followed.first)
  if (dockerHost !== undefined && !dockerHost.startsWith('unix:///')) {
    say(`DOCKER_HOST=${dockerHost} is no unix socket and is not used; the engine is the one in ${near(paths.config)}`)
  }
  const { loaded, missing, close } = await chooseEngine(followed.first, dockerHost, paths.demoSocket)
  engine = loaded.config.engine
  try {
    const gate = await serveUntilSignal({ ...followed, first: loaded }, { close })
    process.stdout.write(welcome({ folder, made, gate, config: loaded.config, missing, clients }))
  } catch (error) {
    close()
    throw error
  }
}

/** Makes what is missing; what is there stays, but for a server certificate near its end. Returns what it made. */
function makeState(folder: string): string[] {
  const paths = statePaths(folder)
  const made = makeSecrets(folder)
  const authority = readAuthority(folder)
  const names = ['localhost', '127.0.0.1', '::1']
  makePrivateFolder(dirname(paths.server.certificate))
  if (keepLeaf(paths.server, authority, (options) => authority.issueServer({ names, ...options }))) {
    made.push(paths.server.certificate)
  }
  if (readIfThere(paths.config) === null) {
    writeNewFile(paths.config, initialConfig(), PRIVATE_FILE)
    made.push(paths.config)
  }
  return made
}

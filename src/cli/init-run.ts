import { chownSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ConfigError, formatProblem } from '../config/errors.ts'
import { loadConfig } from '../config/load.ts'
import { readUser } from '../doctor/accounts.ts'
import { listSetting, parseUnitFile } from '../doctor/unit-file.ts'
import { readUnit } from '../doctor/units.ts'
import { configText, type Draft, rolesOf } from '../init/draft.ts'
import { openPlace, type Place, type PlacedFile } from '../init/place.ts'
import { isOwnRole } from '../init/roles.ts'
import { type Host, readHost } from '../init/take-over.ts'
import { PUBLIC_FILE, replaceFile } from '../pki/files.ts'
import { say, UsageError } from './failure.ts'
import type { InitOptions } from './init.ts'
import { type Asker, openAsker } from './init-ask.ts'
import { type Decision, decide, OWN_NAMES } from './init-decide.ts'
import { clientLines, nextSteps, type Reached, type Steps } from './init-lines.ts'
import { makePerson, makeServer, makeTokens, type Service, takeTlsFiles } from './init-make.ts'
import { differences, rootLines, whole } from './init-show.ts'
import { schemaLine } from './schema.ts'

const UNIT = new URL('../../deploy/systemd/dockgate.service', import.meta.url)
/** The folder as the unit has it. */
const UNIT_FOLDER = '/etc/dockgate/'
const ENDING = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const
/** The state folder of a service, as systemd makes it here. */
const STATE_FOLDER_MODE = 0o700

/** Decides, makes everything beside the folder, checks it, and puts it in its place. When that fails, nothing of it is left. */
export async function runInit(options: InitOptions): Promise<void> {
  const root = resolve(options.root)
  if (!isFolder(root)) throw new UsageError(`--root: ${options.root} is no folder`)
  const { folder, dryRun, yes } = options
  if (!isFolder(dirname(folder))) throw new UsageError(`--folder: there is no ${dirname(folder)} to write below`)
  const asker = process.stdin.isTTY && !yes ? openAsker(process.stdin, process.stdout) : null
  try {
    const host = readHost(root)
    const decision = await decide(options, host, asker)
    const unit = unitFor(folder)
    const service = serviceOf(unit, host)
    const place = openPlace(folder, service.gid, dryRun ? tmpdir() : dirname(folder))
    const release = discardOnSignals(place)
    try {
      await makeAndPut({ options, host, decision, unit, service, place, asker })
    } finally {
      release()
      place.discard()
    }
  } finally {
    asker?.close()
  }
}

interface Work {
  readonly options: InitOptions
  readonly host: Host
  readonly decision: Decision
  readonly unit: string
  readonly service: NamedService
  readonly place: Place
  readonly asker: Asker | null
}

async function makeAndPut({ options, host, decision, unit, service, place, asker }: Work): Promise<void> {
  const { folder, dryRun, yes } = options
  const draft = await makeFiles(place.staged, host, decision, service).catch((error: Error) => {
    throw new Error(error.message.replaceAll(place.staged, folder), { cause: error })
  })
  const clients = clientLines(draft, reachedAt(folder, decision, draft))
  writeText(place, 'dockgate.service', unit)
  writeText(place, 'clients.txt', clients)
  const warnings = checkAndWrite(folder, place, draft)
  const files = place.files()
  if (dryRun) process.stdout.write(whole(folder, place, files))
  else {
    process.stdout.write(differences(folder, place, files))
    if (files.some(({ state }) => state === 'changed') && !yes) await mayOverwrite(folder, asker)
    putAll(place, draft, service)
    process.stdout.write(`${written(folder, files)}\n\n${clients}\n`)
  }
  for (const line of [...rootLines(draft), ...warnings, ...decision.notes]) say(line)
  process.stdout.write(`${nextSteps(stepsFor(folder, host, decision, draft, service)).join('\n')}\n`)
}

function stepsFor(folder: string, host: Host, { source }: Decision, { key }: Draft, service: NamedService): Steps {
  return {
    folder,
    user: service.name,
    isMissing: service.uid === null,
    isClosed: isClosed(folder, service),
    key: key.startsWith('/') ? null : key,
    release: source === 'tlsverify' || source === 'tcp' ? host.release : [],
    hasUnit: `${folder}/` === UNIT_FOLDER && readUnit(host.root, 'dockgate.service') !== null,
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** The service could not reach its files. */
function isClosed(folder: string, { uid, gid }: Service): boolean {
  const found = statSync(folder, { throwIfNoEntry: false })
  if (found === undefined) return gid === null
  const mine = found.uid === uid ? 0o500 : found.gid === gid ? 0o050 : 0o005
  return (found.mode & mine) !== mine
}

/** What is staged holds keys: neither a signal nor an output that nobody reads leaves it behind. */
function discardOnSignals(place: Place): () => void {
  const end = (signal: NodeJS.Signals) => {
    place.discard()
    process.exit(128 + constants.signals[signal])
  }
  for (const signal of ENDING) process.on(signal, end)
  process.on('exit', place.discard)
  return () => {
    process.off('exit', place.discard)
    for (const signal of ENDING) process.off(signal, end)
  }
}

/** The unit of the package, for this folder. */
function unitFor(folder: string): string {
  const text = readFileSync(UNIT, 'utf8')
  if (!text.includes(`${UNIT_FOLDER}dockgate.yaml`)) throw new Error(`${fileURLToPath(UNIT)} names no configuration`)
  return text.replaceAll(UNIT_FOLDER, `${folder}/`)
}

interface NamedService extends Service {
  /** Null: the unit names no user. */
  readonly name: string | null
}

/** Who the gate will run as. Only root, on the host itself, can give files to that user. */
function serviceOf(unit: string, { root }: Host): NamedService {
  const name = listSetting(parseUnitFile(unit), 'Service', 'User').at(-1)?.value ?? null
  const user = name === null || root.folder !== '/' || process.geteuid?.() !== 0 ? null : readUser(root, name)
  return { name, uid: user?.uid ?? null, gid: user?.gid ?? null }
}

/** Makes certificates, keys and tokens in the staged folder. */
async function makeFiles(staged: string, host: Host, decision: Decision, service: Service): Promise<Draft> {
  const { draft, names, verified } = decision
  if (verified !== null) {
    const { authority, ...own } = takeTlsFiles(staged, host.root, verified, service)
    return { ...draft, ...own, schema: schemaLine().trimEnd(), staff: { authority, crl: null } }
  }
  const authority = makeServer(staged, [...new Set([...names, ...OWN_NAMES])], service)
  for (const { name } of draft.people) makePerson(staged, authority, name)
  if (draft.local !== null) {
    await makeTokens(
      staged,
      draft.people.map(({ name }) => name),
    )
  }
  const staff = draft.people.length === 0 ? null : { authority: 'ca.pem', crl: 'crl.pem' }
  return { ...draft, schema: schemaLine().trimEnd(), certificate: 'server/cert.pem', key: 'server/key.pem', staff }
}

function reachedAt(folder: string, { names, verified }: Decision, { addresses, staff }: Draft): Reached {
  const port = addresses[0]?.split(':').at(-1) ?? ''
  const [name = 'localhost'] = names
  const host = name.includes(':') ? `[${name}]` : name
  const authority = verified === null ? 'ca.pem' : (staff?.authority ?? 'ca.pem')
  return { folder, gate: `${host}:${port}`, authority: resolve(folder, authority) }
}

/** Who may read a file that was there stays as it is. */
function writeText(place: Place, name: string, text: string): void {
  const path = join(place.staged, name)
  const before = statSync(path, { throwIfNoEntry: false })
  replaceFile(path, text, before === undefined ? PUBLIC_FILE : before.mode & 0o777)
  if (before !== undefined && process.geteuid?.() === 0) chownSync(path, before.uid, before.gid)
}

/** Writes dockgate.yaml when it may be served. Returns its warnings. Throws ConfigError, about the file that it would be. */
function checkAndWrite(folder: string, place: Place, draft: Draft): string[] {
  const own = join(place.staged, 'dockgate.yaml')
  const real = join(folder, 'dockgate.yaml')
  const shown = (text: string) => text.replaceAll(place.staged, folder)
  // Its folder is made when everything else is put.
  writeText(
    place,
    'dockgate.yaml',
    configText(isFolder(dirname(draft.ledger)) ? draft : { ...draft, ledger: 'ledger.sqlite' }),
  )
  try {
    const { warnings } = loadConfig(own)
    return warnings.map((one) => shown(formatProblem({ ...one, file: real })))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const problems = error.problems.map((one) => ({ ...one, file: real, message: shown(one.message) }))
    throw new ConfigError(problems, { cause: error })
  } finally {
    writeText(place, 'dockgate.yaml', configText(draft))
  }
}

async function mayOverwrite(folder: string, asker: Asker | null): Promise<void> {
  if (asker === null) throw new Error(`nothing was written: ${folder} has other files already; --yes overwrites them`)
  if (!(await asker.confirm('Overwrite these?'))) throw new Error('nothing was written')
}

/** Puts the folder, and makes that of the ledger; both or neither. */
function putAll(place: Place, draft: Draft, { uid, gid }: Service): void {
  const state = dirname(draft.ledger)
  const isWanted = rolesOf(draft).some(isOwnRole) && !isFolder(state)
  if (isWanted) {
    mkdirSync(state, { mode: STATE_FOLDER_MODE })
    if (uid !== null && gid !== null) chownSync(state, uid, gid)
  }
  try {
    place.put()
  } catch (error) {
    if (isWanted) rmSync(state, { recursive: true })
    throw error
  }
}

function written(folder: string, files: readonly PlacedFile[]): string {
  const names = files.filter(({ state }) => state !== 'same').map(({ name }) => name)
  return names.length === 0 ? `${folder} has all of this already` : `wrote to ${folder}: ${names.join(', ')}`
}

import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { parseAddress } from '../config/address.ts'
import { ISSUER_PRESET_KEYS, ISSUER_PRESETS, type IssuerPresetName, issuerPreset } from '../config/issuer-presets.ts'
import { conditionFor, whomOf } from '../init/callers.ts'
import { type Draft, type Person, wantsAudience } from '../init/draft.ts'
import { proxyRole, type WrittenRole } from '../init/proxy-role.ts'
import { type Given, readSwitches, readVariables } from '../init/proxy-variables.ts'
import { PROXY_ROLE, type RoleName } from '../init/roles.ts'
import { type Host, type OpenSetUp, openSetUp, type VerifiedSetUp, verifiedSetUp } from '../init/take-over.ts'
import { didYouMean } from '../nearest.ts'
import { serverName } from '../pki/names.ts'
import { UsageError } from './failure.ts'
import { type InitOptions, isRole, personName, SOURCES, type Source } from './init.ts'
import type { Asker, Question } from './init-ask.ts'

/** What was decided, beside what is in dockgate.yaml. */
export interface Decision {
  readonly draft: Omit<Draft, 'schema' | 'certificate' | 'key' | 'staff'>
  /** What clients call the gate by; the first is the one in their lines. */
  readonly names: readonly string[]
  readonly source: Source | null
  readonly verified: VerifiedSetUp | null
  /** Lines for the person beside the draft. */
  readonly notes: readonly string[]
}

type Ci = NonNullable<Draft['ci']>

const USUAL_ADDRESS = '0.0.0.0:2376'
/** The server's certificate has them beside the names that are told: programs on the host call it so. */
export const OWN_NAMES = ['localhost', '127.0.0.1', '::1']

/**
 * Decides everything from the options, and asks for what they leave open where there is somebody to ask.
 *
 * @throws UsageError for what cannot be meant
 */
export async function decide(options: InitOptions, host: Host, asker: Asker | null): Promise<Decision> {
  checkTogether(options)
  const source = options.from ?? (await askSource(host, asker))
  const verified = source === 'tlsverify' ? usage(() => verifiedSetUp(host)) : null
  const open = source === 'tcp' ? usage(() => openSetUp(host)) : null
  const proxy = source === 'docker-socket-proxy' ? readProxy(options) : null
  if (verified !== null && options.person !== undefined) {
    throw new UsageError(
      '--person: with --from tlsverify people keep the certificates that they have, and the authority makes new ones',
    )
  }
  const names = await readNames(options, asker)
  const people = verified === null ? await readPeople(options, source, asker) : []
  const ci = await readCi(options, source, names, verified === null && people.length > 0, asker)
  if (verified === null && people.length === 0 && ci === null) {
    throw new UsageError('say who calls: --person NAME[:ROLE], or --ci PRESET with --only')
  }
  const given = verified?.addresses ?? [await readAddress(options, asker)]
  const addresses = options.address === undefined ? given : [options.address]
  const draft = {
    about: aboutOf(source, open),
    addresses,
    everybody: verified === null ? null : ('admin' as const),
    people,
    ci,
    local: open?.local ?? null,
    engine: options.engine ?? host.engine,
    proxy: proxy?.role ?? null,
    ledger: options.ledger,
    admin: options.admin,
  }
  return { draft, names, source, verified, notes: [...notesOf(draft, source, open), ...(proxy?.notes ?? [])] }
}

/** An option that would have no effect is a mistake about what is made. */
function checkTogether({ from, ci, person, ciRole, envFile, variable, ...options }: InitOptions): void {
  const forCi = { only: options.only, when: options.when, audience: options.audience, host: options.host }
  const told = { tenant: options.tenant, organization: options.organization, issuer: options.issuer, 'ci-role': ciRole }
  for (const [name, value] of Object.entries({ ...forCi, ...told })) {
    if (value !== undefined && ci === undefined) throw new UsageError(`--${name} goes with --ci`)
  }
  if (options.only !== undefined && options.when !== undefined)
    throw new UsageError('--only and --when say the same; give one')
  const isProxy = from === 'docker-socket-proxy'
  if (!isProxy && (envFile !== undefined || variable !== undefined)) {
    throw new UsageError('--env-file and --variable go with --from docker-socket-proxy')
  }
  const roles = [...(person ?? []).map(({ role }) => role), ciRole]
  if (!isProxy && roles.includes(PROXY_ROLE)) {
    throw new UsageError(`the role ${PROXY_ROLE} is made with --from docker-socket-proxy`)
  }
}

async function askSource({ exposures, tls }: Host, asker: Asker | null): Promise<Source | null> {
  if (asker === null) return null
  const usual = exposures.length === 0 ? 'nothing' : tls === 'verified' ? 'tlsverify' : 'tcp'
  const words = ['nothing', ...SOURCES]
  const answer = await asker.ask({
    text: `Take over what (${words.join(', ')})`,
    help: 'A dockerd on TCP, or a socket proxy, whose clients are to go on.',
    usual,
    problem: (text) => unlessWord(text, words),
  })
  return SOURCES.find((one) => one === answer) ?? null
}

function unlessWord(text: string, words: readonly string[]): string | null {
  return words.includes(text) ? null : `one of ${words.join(', ')}${didYouMean(text, words)}`
}

async function readNames({ name }: InitOptions, asker: Asker | null): Promise<readonly string[]> {
  if (name !== undefined) return name
  const usual = problemOf(serverName, hostname()) === null ? hostname() : 'localhost'
  const question: Question = {
    text: 'Name of this host',
    help: 'The DNS name or IP address that clients call it by. More than one: with blanks between.',
    usual,
    problem: (text) => problemsOf(serverName, text),
  }
  return words(asker === null ? usual : await asker.ask(question))
}

async function readAddress({ address }: InitOptions, asker: Asker | null): Promise<string> {
  const problem = (text: string) =>
    parseAddress(text)?.kind === 'tcp' ? null : 'write host:port or [IPv6]:port, such as 0.0.0.0:2376'
  if (address !== undefined) {
    const wrong = problem(address)
    if (wrong !== null) throw new UsageError(`--address ${address}: ${wrong}`)
    return address
  }
  const help = 'Where the gate listens, with TLS. 127.0.0.1:2376 is for this host only.'
  return asker === null ? USUAL_ADDRESS : asker.ask({ text: 'Address', help, usual: USUAL_ADDRESS, problem })
}

async function readPeople(
  { person, ci }: InitOptions,
  source: Source | null,
  asker: Asker | null,
): Promise<readonly Person[]> {
  const usual: RoleName = source === 'tcp' ? 'operator' : source === 'docker-socket-proxy' ? PROXY_ROLE : 'observer'
  const asked = person ?? (asker === null || ci !== undefined ? [] : await askPeople(usual, asker))
  return asked.map(({ name, role }) => ({ name, role: role ?? usual }))
}

async function askPeople(usual: RoleName, asker: Asker) {
  const answer = await asker.ask({
    text: 'People with certificates, NAME or NAME:ROLE',
    help: `Roles: observer (looks), ci-run (runs containers), operator (root on the host)…; ${usual} when left out. Blanks between people; empty: none.`,
    usual: '',
    problem: (text) =>
      problemsOf((one) => {
        const [name = '', role] = one.split(':')
        personName(name)
        if (role !== undefined && (!isRole(role) || (role === PROXY_ROLE && usual !== PROXY_ROLE)))
          throw new Error(`no such role: ${role}`)
      }, text),
  })
  return words(answer).map((one) => {
    const [name = '', role] = one.split(':')
    return { name, role: role !== undefined && isRole(role) ? role : null }
  })
}

async function readCi(
  options: InitOptions,
  source: Source | null,
  names: readonly string[],
  optional: boolean,
  asker: Asker | null,
): Promise<Ci | null> {
  const preset =
    options.ci ?? (asker === null || options.person !== undefined ? null : await askPreset(optional, asker))
  if (preset === null) return null
  const told = await readTold(preset, options, asker)
  const when = options.when ?? conditionFor(preset, await readOnly(preset, options, asker))
  const audience = options.audience ?? (wantsAudience({ preset, told }) ? (names[0] ?? null) : null)
  const role = options.ciRole ?? (source === 'docker-socket-proxy' ? PROXY_ROLE : 'ci-run')
  return { preset, told, audience, when, role }
}

async function askPreset(optional: boolean, asker: Asker): Promise<IssuerPresetName | null> {
  const choices = ['none', ...ISSUER_PRESETS]
  const answer = await asker.ask({
    text: `CI system (${choices.join(', ')})`,
    help: 'Whose jobs call with the token that the CI system signs for them.',
    usual: optional ? 'none' : 'github-actions',
    problem: (text) => unlessWord(text, choices),
  })
  return ISSUER_PRESETS.find((one) => one === answer) ?? null
}

/** What the preset has to be told before its issuer is known. */
async function readTold(
  preset: IssuerPresetName,
  options: InitOptions,
  asker: Asker | null,
): Promise<Record<string, string>> {
  const told: Record<string, string> = {}
  for (const key of [...ISSUER_PRESET_KEYS, 'issuer'] as const) {
    const value = options[key]
    if (value !== undefined) told[key] = value
  }
  const { key, issuer } = issuerPreset(preset)
  const wanted = issuer(told)
  if (told.issuer !== undefined || typeof wanted === 'string') return told
  const missing = key ?? 'issuer'
  if (asker === null) throw new UsageError(`--ci ${preset}: ${wanted.wants} (--${missing})`)
  const answer = await asker.ask({ text: missing, help: wanted.wants, usual: null, problem: () => null })
  return { ...told, [missing]: answer }
}

async function readOnly(preset: IssuerPresetName, { only }: InitOptions, asker: Asker | null): Promise<string> {
  if (only !== undefined) return only
  const { names, example } = whomOf(preset)
  if (asker === null)
    throw new UsageError(`say whose jobs with --only: ${names}, such as ${example} (or a condition with --when)`)
  return asker.ask({ text: 'Whose jobs', help: `${names}, such as ${example}.`, usual: null, problem: () => null })
}

function readProxy({ proxy, envFile, variable = [] }: InitOptions): { role: WrittenRole; notes: readonly string[] } {
  if (envFile === undefined && variable.length === 0) {
    throw new UsageError('--from docker-socket-proxy: give its variables with --env-file or --variable')
  }
  const fromFile = envFile === undefined ? [] : readVariables(envFile, readText(envFile))
  const given: Given[] = variable.map((text) => {
    const equals = text.indexOf('=')
    if (equals < 1) throw new UsageError(`--variable ${text}: write NAME=VALUE`)
    return { name: text.slice(0, equals), value: text.slice(equals + 1), where: '--variable' }
  })
  return usage(() => {
    const { on, others } = readSwitches(proxy, [...fromFile, ...given], ({ where }) => where === '--variable')
    const role = proxyRole(PROXY_ROLE, proxy, on)
    const left = others.length === 0 ? [] : [`no variables of ${proxy}, and left out: ${others.join(', ')}`]
    return { role, notes: [...role.notes, ...left] }
  })
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`--env-file ${file}: ${(error as Error).message}`, { cause: error })
  }
}

function aboutOf(source: Source | null, open: OpenSetUp | null): string[] {
  if (source === 'tlsverify') {
    return [
      'In the place of a dockerd with tlsverify: the same address, certificates and clients, and now roles and records.',
    ]
  }
  if (open !== null)
    return [`In the place of a dockerd on ${open.addresses.join(' and ')}, which asked nobody who it was.`]
  return source === null ? [] : ['In the place of a socket proxy, whose variables are the role socket-proxy.']
}

function notesOf({ local }: Decision['draft'], source: Source | null, open: OpenSetUp | null): string[] {
  if (source === 'tlsverify') {
    return [
      'EVERY certificate of the authority stays root on this host (role admin), as with dockerd: give people roles of',
      '  their own with bindings before that one (when: \'cert.commonName == "alice"\', role: observer), then remove it',
    ]
  }
  if (open === null) return []
  return [
    'callers without a certificate and without a token cannot go on: nobody knows who they are',
    ...(local === null
      ? []
      : [`on this host, programs go on with tcp://${local} once their config.json has a token (clients.txt)`]),
    ...(open.beyond
      ? ['from other hosts, programs call the address with TLS, or have dockgate connect open a socket (clients.txt)']
      : []),
  ]
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((one) => one !== '')
}

function problemOf(check: (text: string) => unknown, text: string): string | null {
  try {
    check(text)
    return null
  } catch (error) {
    return (error as Error).message
  }
}

function problemsOf(check: (text: string) => unknown, text: string): string | null {
  return (
    words(text)
      .map((one) => problemOf(check, one))
      .find((one) => one !== null) ?? null
  )
}

function usage<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
}

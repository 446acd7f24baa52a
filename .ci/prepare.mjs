// Installs what a fresh clone lacks, before `npm start`, `npm test` and the other scripts: the npm packages of the lock
// file (the pinned Node among them) and, with --tests, the Debian packages that the tests drive, with --bench those that
// the bench measures. Says what it installs, and nothing when nothing is missing. Runs on whatever Node the machine has
// (18 and up), so it uses no package.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, chmodSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const STAMP = join(ROOT, 'node_modules/.dockgate-lock')
const POLICY = '/usr/sbin/policy-rc.d'
const POLICY_TEXT = '#!/bin/sh\n# Written by dockgate while it installs packages: no service is started.\nexit 101\n'

/**
 * What the tests need of a machine. `command` is how it is recognised where there is no dpkg; with `anyProvider`, another
 * package that brings the command will do (docker-ce in place of docker.io, which cannot be installed beside it).
 * @type {{ package: string, command?: string, anyProvider?: boolean }[]}
 */
const TOOLS = [
  { package: 'libatomic1' }, // Node 26 is linked to it
  { package: 'docker.io', command: 'dockerd', anyProvider: true },
  { package: 'docker-compose', command: 'docker-compose' },
  { package: 'python3-docker' },
  { package: 'busybox-static', command: 'busybox' },
  { package: 'debootstrap', command: 'debootstrap' },
  { package: 'iptables', command: 'iptables', anyProvider: true },
  { package: 'iproute2', command: 'ip' },
  { package: 'procps', command: 'ps' },
  { package: 'golang-go', command: 'go', anyProvider: true }, // reads JSON as the engine does
  { package: 'openssl', command: 'openssl', anyProvider: true },
  { package: 'systemd', command: 'systemd-analyze' },
  { package: 'ansible-core', command: 'ansible-playbook', anyProvider: true },
  { package: 'python3-apt' }, // with which Ansible installs a package
  { package: 'curl', command: 'curl', anyProvider: true },
  { package: 'ca-certificates', command: 'update-ca-certificates' },
]

/**
 * What the bench measures the gate beside; it drives an engine and a Go program as the tests do.
 * @type {typeof TOOLS}
 */
const BENCH_TOOLS = [
  { package: 'haproxy', command: 'haproxy', anyProvider: true },
  { package: 'nginx', command: 'nginx', anyProvider: true },
]

// A script that npm runs finds node_modules/.bin first; `npm ci` must not run on the Node that it is about to replace.
const machinePath = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((folder) => !folder.endsWith(join('node_modules', '.bin')))
  .join(delimiter)

preparePackages()
if (process.argv.includes('--tests')) prepareTools(TOOLS, 'the tests')
if (process.argv.includes('--bench')) prepareTools(BENCH_TOOLS, 'the bench')

/** Runs `npm ci` unless node_modules was made from this very lock file, and makes sure that the pinned Node runs. */
function preparePackages() {
  const lock = readFileSync(join(ROOT, 'package-lock.json'))
  const wanted = `${createHash('sha256').update(lock).digest('hex')} ${process.platform} ${process.arch}\n`
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return

  say('installing the npm packages of package-lock.json (npm ci)')
  // Settings that the calling npm hands down, as in `npm pack --dry-run`, are not meant for this install.
  const flags = ['--include=dev', '--dry-run=false', '--global=false', '--no-audit', '--no-fund']
  const install = run('npm', ['ci', ...flags], { PATH: machinePath, NODE_ENV: '' })
  if (install.status !== 0) fail('npm ci failed', install.output)

  const pinned = `v${JSON.parse(lock.toString()).packages['node_modules/node'].version}`
  const { output } = run(join(ROOT, 'node_modules/.bin/node'), ['--version'])
  if (output.trim() !== pinned) {
    fail(
      `node_modules/.bin/node is not Node ${pinned}: the install script of the npm package "node" did not run. ` +
        'Where npm is set up to run no install scripts, "npm ci --ignore-scripts=false" does.',
      output,
    )
  }
  writeFileSync(STAMP, wanted)
}

/**
 * Installs Debian packages, where that is possible; elsewhere says which are missing.
 * @param {typeof TOOLS} tools
 * @param {string} whose
 */
function prepareTools(tools, whose) {
  const debian = isExecutable('/usr/bin/dpkg-query') && isExecutable('/usr/bin/apt-get')
  const installed = debian ? installedPackages() : new Set()
  const missing = tools
    .filter(({ package: name, command, anyProvider }) => {
      const found = command === undefined || hasCommand(command)
      return debian && !(anyProvider && found) ? !installed.has(name) : !found
    })
    .map((tool) => tool.package)
  if (missing.length === 0) return

  if (!debian || process.getuid?.() !== 0) {
    const reason = debian ? 'only root can install them' : 'this is not Debian'
    say(`${whose} would use programs that are not here, and ${reason}: what needs them fails or is left out.`)
    say(`Debian's names for them: ${missing.join(' ')}`)
    return
  }

  say(`installing Debian packages for ${whose}: ${missing.join(' ')}`)
  withoutServices(() => {
    if (aptInstall(missing).status === 0) return
    say('refreshing the package lists (apt-get update)')
    const update = run('apt-get', ['update', '-q'], { PATH: machinePath })
    const retry = aptInstall(missing)
    if (retry.status !== 0) fail('apt-get install failed', update.output + retry.output)
  })
}

/** Names of the Debian packages that are fully installed. */
function installedPackages() {
  const { output } = run('dpkg-query', ['--show', '--showformat', '${Package} ${db:Status-Status}\n'])
  const lines = output.split('\n').filter((line) => line.endsWith(' installed'))
  return new Set(lines.map((line) => line.split(' ')[0]))
}

/** @param {string[]} packages */
function aptInstall(packages) {
  const flags = ['--yes', '-q', '--no-install-recommends', '--no-remove', '-o', 'DPkg::Lock::Timeout=300']
  return run('apt-get', ['install', ...flags, ...packages], { PATH: machinePath, DEBIAN_FRONTEND: 'noninteractive' })
}

/**
 * Runs an installation during which Debian starts no service: an engine that the tests did not start is nobody's wish.
 * A machine that already has a policy keeps it.
 * @param {() => void} install
 */
function withoutServices(install) {
  const own = !existsSync(POLICY) || readFileSync(POLICY, 'utf8') === POLICY_TEXT
  if (!own) return install()

  // A signal ends apt-get and not this process at once, so that the policy file goes away in every case.
  const remove = () => rmSync(POLICY, { force: true })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})
  process.on('exit', remove)
  writeFileSync(POLICY, POLICY_TEXT)
  chmodSync(POLICY, 0o755)
  install()
  remove()
}

/** @param {string} command */
function hasCommand(command) {
  // A user's PATH may lack the folders where Debian puts the programs of an administrator.
  const folders = [...machinePath.split(delimiter), '/usr/sbin', '/sbin']
  return folders.some((folder) => isExecutable(join(folder, command)))
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {Record<string, string>} [env]
 */
function run(command, args, env) {
  const result = spawnSync(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  if (result.signal === 'SIGINT') process.exit(130)
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}${result.error ? `${result.error.message}\n` : ''}`
  return { status: result.status, output }
}

/** @param {string} text */
function say(text) {
  console.error(`prepare: ${text}`)
}

/**
 * @param {string} text
 * @param {string} output
 * @returns {never}
 */
function fail(text, output) {
  console.error(output.trimEnd().split('\n').slice(-40).join('\n'))
  say(text)
  process.exit(1)
}

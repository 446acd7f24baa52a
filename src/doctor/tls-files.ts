import { X509Certificate } from 'node:crypto'
import { posix } from 'node:path'
import { tlsOf } from './exposure.ts'
import { type SetUp, settingOf } from './set-up.ts'
import { change, type Finding } from './types.ts'

const DAY_MS = 86_400_000
const SOON_DAYS = 30
/** What public authorities were held to from 2018 to 2020 (CA/Browser Forum, SC-22). */
const LONG_DAYS = 825
const LONG_AUTHORITY_DAYS = 3660
const OTHERS = 0o007
const GROUP = 0o070
/** An authority for an engine has a few certificates; a system's bundle has over a hundred. */
const BUNDLE = 20
/** Where dockerd looks when an option is missing and DOCKER_CERT_PATH is not set. */
const USUAL_FOLDER = '/root/.docker'

/** The files of dockerd's TLS; null: it has none. */
export interface TlsPaths {
  readonly authority: string | null
  readonly certificate: string | null
  readonly key: string | null
}

/** Where dockerd takes the files of its TLS from: absolute paths in the root. */
export function tlsPathsOf(setUp: SetUp): TlsPaths {
  const on = tlsOf(setUp) !== 'none'
  const folder = setUp.variables.get('DOCKER_CERT_PATH')?.value || USUAL_FOLDER
  const path = (option: 'tlscacert' | 'tlscert' | 'tlskey', usual: string) => {
    const file = settingOf(setUp, option)?.value ?? (on ? `${folder}/${usual}` : null)
    // systemd starts services in the root folder.
    return file === null ? null : posix.resolve('/', file)
  }
  return {
    authority: path('tlscacert', 'ca.pem'),
    certificate: path('tlscert', 'cert.pem'),
    key: path('tlskey', 'key.pem'),
  }
}

/** The files of dockerd's TLS: who may read the keys, how old the certificates are. `now` is milliseconds since the epoch. */
export function tlsFileFindings(setUp: SetUp, now: number): readonly Finding[] {
  const tls = tlsOf(setUp)
  const on = tls !== 'none'
  const { authority, certificate, key } = tlsPathsOf(setUp)
  const folders = new Set([authority, certificate, key].flatMap((one) => (one === null ? [] : [posix.dirname(one)])))
  const authorityKeys = [...folders].map((folder) => `${folder}/ca-key.pem`)
  return [
    ...missingFiles(setUp, on ? [tls === 'verified' ? authority : null, certificate, key] : []),
    ...[key, ...authorityKeys].flatMap((file) => (file === null ? [] : keyMode(setUp, file))),
    ...authorityKeys.flatMap((file) => authorityKey(setUp, file)),
    ...(certificate === null ? [] : ages(setUp, certificate, LONG_DAYS, now)),
    ...(authority === null ? [] : [...ages(setUp, authority, LONG_AUTHORITY_DAYS, now), ...bundle(setUp, authority)]),
  ]
}

function missingFiles({ root }: SetUp, files: readonly (string | null)[]): Finding[] {
  return files.flatMap((file) => {
    if (file === null || root.facts(file) !== null || root.unread.has(file)) return []
    const what = `${file} does not exist`
    const why = 'dockerd is told to speak TLS with it, and does not listen without it.'
    return [
      {
        id: 'tls-file-missing',
        severity: 'warning',
        where: file,
        what,
        why,
        change: change({ text: 'put it there, or correct the option that names it' }),
      },
    ]
  })
}

function keyMode({ root }: SetUp, file: string): Finding[] {
  const facts = root.facts(file)
  if (facts === null || (facts.mode & (OTHERS | GROUP)) === 0) return []
  const everybody = (facts.mode & OTHERS) !== 0
  const octal = (facts.mode & 0o777).toString(8).padStart(4, '0')
  return [
    {
      id: 'key-mode',
      severity: everybody ? 'danger' : 'warning',
      where: file,
      what: `the private key ${file} is open to ${everybody ? 'everybody on this host' : 'its group'} (mode ${octal})`,
      why: "Who reads it can be the engine towards clients, or with an authority's key make certificates that are root here.",
      change: change({ run: [`chmod 0600 ${file}`], text: 'make a new key when somebody may have read it' }),
    },
  ]
}

function authorityKey({ root }: SetUp, file: string): Finding[] {
  if (root.facts(file) === null) return []
  return [
    {
      id: 'authority-key-here',
      severity: 'warning',
      where: file,
      what: `${file} looks like the private key of the authority, and lies on the host that trusts it`,
      why: 'Who comes to read it once can make client certificates for as long as the authority lives.',
      change: change({ text: 'move it to a machine that serves nobody, and remove it here' }),
    },
  ]
}

function ages({ root }: SetUp, file: string, long: number, now: number): Finding[] {
  const text = root.read(file)
  if (text === null) return []
  const certificates = certificatesOf(text)
  if (certificates === null || certificates.length === 0) {
    const what = `${file} holds no certificate in PEM form`
    const why = 'dockerd does not start with it.'
    return [
      {
        id: 'certificate-broken',
        severity: 'warning',
        where: file,
        what,
        why,
        change: change({ text: 'write it anew' }),
      },
    ]
  }
  return certificates.flatMap((one) => {
    const aged = age(one, long, now)
    return aged === null
      ? []
      : [
          {
            ...aged,
            where: file,
            change: change({ text: 'make a new one (docs/certificates.md), and reload who uses it' }),
          },
        ]
  })
}

type Aged = Pick<Finding, 'id' | 'severity' | 'what' | 'why'>

function age({ validFromDate, validToDate, subject }: X509Certificate, long: number, now: number): Aged | null {
  const end = validToDate.toISOString().slice(0, 10)
  const name = subject.replaceAll('\n', ', ')
  const left = Math.floor((validToDate.getTime() - now) / DAY_MS)
  const life = Math.round((validToDate.getTime() - validFromDate.getTime()) / DAY_MS)
  if (validToDate.getTime() <= now) {
    const why = 'Clients that verify no longer connect, and those that still do have stopped verifying.'
    return { id: 'certificate-expired', severity: 'warning', what: `the certificate of ${name} expired on ${end}`, why }
  }
  if (left < SOON_DAYS) {
    const why = 'Clients that verify no longer connect from then on.'
    return {
      id: 'certificate-expires',
      severity: 'warning',
      what: `the certificate of ${name} expires on ${end}, in ${left} days`,
      why,
    }
  }
  if (life <= long) return null
  const why = 'What is stolen of it is good for all that time, as dockerd reads no revocation list.'
  return {
    id: 'certificate-long',
    severity: 'note',
    what: `the certificate of ${name} lives for ${life} days, until ${end}`,
    why,
  }
}

function bundle({ root }: SetUp, file: string): Finding[] {
  const count = certificatesOf(root.read(file) ?? '')?.length ?? 0
  if (count < BUNDLE) return []
  return [
    {
      id: 'authority-bundle',
      severity: 'danger',
      where: file,
      what: `dockerd takes client certificates of ${count} authorities`,
      why: "This looks like a system's list of public authorities: whoever buys a certificate of one of them is root here.",
      change: change({ text: 'name a file in tlscacert with your own authority only (dockgate cert ca makes one)' }),
    },
  ]
}

/** Null when a block is no certificate. */
function certificatesOf(text: string): X509Certificate[] | null {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  try {
    return blocks.map((block) => new X509Certificate(block))
  } catch {
    return null
  }
}

import { basename } from 'node:path'
import { quoted } from '../text.ts'
import type { Findings } from './findings.ts'
import type { Pieces } from './pieces.ts'
import type { RecordsConfig } from './records-schema.ts'
import { readAuthorityFiles, readPrivateKey } from './tls-files.ts'

/** Checks that the keys under `records`, and `audit`, fit each other. */
export function checkRecords({ records, recordsRequired }: Pieces, findings: Findings): void {
  if (records === null) return
  const places = (['file', 'syslog', 'socket'] as const).filter((key) => records[key] !== undefined)
  for (const key of places.slice(1)) {
    const message = `records go to one place, and ${places[0]} is given already: keep one of them`
    findings.problem(['records', key], message, { atKey: true })
  }
  for (const key of ['rotate', 'chain'] as const) {
    if (records[key] === undefined || records.file !== undefined) continue
    findings.problem(['records', key], `needs a file: add "file" beside it, or remove it`, { atKey: true })
  }
  if (recordsRequired && records.file === undefined) {
    const why = 'only of a file can the gate know that a record is written'
    findings.problem(['audit', 'required'], `${why}: add records: {file: records.jsonl}`)
  }
  // pino-roll refuses some characters, and puts numbers before the ending.
  if (
    records.rotate !== undefined &&
    records.file !== undefined &&
    !/^[^<>"|?*:]+\.[A-Za-z]{2,16}$/.test(records.file)
  ) {
    const wanted = 'wants one with an ending, such as records.jsonl, and none of < > " | ? * :'
    findings.problem(['records', 'file'], `${quoted(records.file)} is no name for files that take turns: ${wanted}`)
  }
  const tls = records.syslog?.kind === 'tls' || records.socket?.kind === 'tls'
  if (records.authorities !== undefined && !tls) {
    findings.problem(['records', 'authorities'], 'is for a tls:// address only; remove it', { atKey: true })
  }
}

/** Reads the files that `records` names, but for the one that is written. */
export function checkRecordsFiles(
  { file, chain, authorities }: RecordsConfig,
  at: (file: string) => string,
  findings: Findings,
): void {
  if (authorities !== undefined) readAuthorityFiles(['records', 'authorities'], [at(authorities)], findings)
  if (chain === undefined) return
  const path = ['records', 'chain', 'key']
  if (file !== undefined && at(file) === at(chain.key)) {
    findings.problem(path, `${basename(file)} is records.file already`)
    return
  }
  const read = readPrivateKey(path, at(chain.key), findings)
  if (read !== null && read.key.asymmetricKeyType !== 'ed25519') {
    findings.problem(path, `${chain.key} holds no Ed25519 key: make one with "dockgate audit key ${chain.key}"`)
  }
}

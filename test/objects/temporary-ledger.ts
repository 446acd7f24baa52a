import path from 'node:path'
import { onTestFinished } from 'vitest'
import { type Ledger, openLedger } from '../../src/objects/ledger.ts'
import { temporaryDirectory } from '../support/docker-client.ts'

/** A ledger that lives as long as its test. */
export function temporaryLedger(): Ledger {
  const folder = temporaryDirectory('ledger')
  const ledger = openLedger(path.join(folder.path, 'ledger.db'))
  onTestFinished(() => {
    ledger.close()
    folder.remove()
  })
  return ledger
}

import { openLedger } from '../../src/objects/ledger.ts'

/** Notes volumes until it is killed, and says each that was noted. */
const ledger = openLedger(process.argv[2] ?? '')
for (let number = 0; ; number++) {
  ledger.noteVolume(`v${number}`, 'a')
  await new Promise((resolve) => process.send?.(`v${number}`, resolve))
}

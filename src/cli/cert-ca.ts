import { Command } from 'commander'
import { AUTHORITY_DAYS } from '../pki/authority.ts'
import { PkiError } from '../pki/errors.ts'
import { makePrivateFolder } from '../pki/files.ts'
import type { KeyKind } from '../pki/keys.ts'
import { commonName } from '../pki/names.ts'
import { checked, keyTypeOption, readDays, stateOption } from './cert-options.ts'
import { printJson } from './failure.ts'
import { near, statePaths, typed } from './paths.ts'
import { makeAuthority, readAuthority } from './state.ts'

interface Options {
  readonly state: string
  readonly name?: string
  readonly days: number
  readonly keyType?: KeyKind
  readonly json?: true
}

export function caCommand(): Command {
  return new Command('ca')
    .description('make a certificate authority: its certificate, its key and its revocation list')
    .addOption(stateOption())
    .option('--name <name>', 'its common name; one with random digits unless told', (name) => checked(name, commonName))
    .option('--days <number>', 'days of life', readDays, AUTHORITY_DAYS)
    .addOption(keyTypeOption())
    .option('--json', 'the files and the end as JSON')
    .addHelpText('after', '\nExample:\n  $ dockgate cert ca --state /etc/dockgate/pki --name "acme docker CA"')
    .action(({ state, name, days, keyType, json }: Options) => {
      const { authority: certificate, authorityKey: key, register } = statePaths(state)
      makePrivateFolder(state)
      const made = makeAuthority(state, { days, keyKind: keyType, ...(name === undefined ? {} : { name }) })
      if (made.length === 0) {
        throw new PkiError(`${certificate} exists already; for an authority beside it name another folder with --state`)
      }
      const notAfter = readAuthority(state).notAfter.toISOString()
      const crl = register.revoked
      if (json) return printJson({ certificate, key, crl, notAfter })
      const end = notAfter.slice(0, 10)
      process.stdout.write(`${near(state)}: ca.pem, ca-key.pem (keep it to yourself), crl.pem, good until ${end}
  dockgate cert server HOST --state ${typed(state)}
  dockgate cert client NAME --state ${typed(state)}
`)
    })
}

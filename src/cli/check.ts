import { Command } from 'commander'
import { ConfigError } from '../config/errors.ts'
import type { Description, RoleDescription } from '../policy/describe.ts'
import type { AccessDescription } from '../policy/describe-access.ts'
import { printable } from '../text.ts'
import { printJson } from './failure.ts'
import { table } from './table.ts'

const LINE_LENGTH = 2000

export function checkCommand(): Command {
  return new Command('check')
    .description('check a configuration file and print who may do what')
    .requiredOption('-c, --config <file>', 'the configuration (YAML)')
    .option('--json', 'as JSON: the policy, or the problems')
    .addHelpText(
      'after',
      '\nExample:\n  $ dockgate check --config dockgate.yaml\n\nExit codes: 0 it may be served, 2 it may not.',
    )
    .action(async ({ config, json }: { config: string; json?: true }) => {
      // Half a second to load: the commands beside this one do not wait for it.
      const { loadConfig } = await import('../config/load.ts')
      const { describe } = await import('../policy/describe.ts')
      try {
        const description = describe(loadConfig(config))
        if (json) printJson(description)
        else process.stdout.write(policyText(description))
      } catch (error) {
        if (json && error instanceof ConfigError) printJson({ problems: error.problems })
        throw error
      }
    })
}

function policyText({
  listeners,
  engine,
  issuers,
  roles,
  bindings,
  access,
  ledger,
  admin,
  warnings,
}: Description): string {
  const lines = [
    'listeners',
    ...table(
      listeners.map((one) => [
        one.name,
        one.address,
        one.tls ? 'TLS' : 'plain',
        `client certificates: ${one.clientCertificates}`,
      ]),
    ),
    'engine',
    `  ${engine}`,
    ...(ledger === null ? [] : ['ledger (whose images and unnamed volumes are whose)', `  ${ledger}`]),
    'issuers',
    ...issuerLines(issuers),
    'roles',
    ...roles.flatMap(roleLines),
    'bindings (the first that matches decides)',
    ...table(
      bindings.map((one, index) => [
        `${index + 1}.`,
        one.issuer,
        '->',
        one.role,
        one.when === null ? 'everybody' : `when ${one.when}`,
        ...(one.owner === null ? [] : [`owner ${one.owner}`]),
      ]),
    ),
    'who may do what, on what',
    ...table(access.map(accessRow)),
    ...adminLines(admin),
    ...(warnings.length > 0 ? ['warnings', ...warnings.map((warning) => `  ${warning}`)] : []),
  ]
  return `${lines.join('\n')}\n`
}

function accessRow({ issuer, when, role, may, objects, owner, unbounded }: AccessDescription, index: number): string[] {
  const what = may.map(({ access, allowed, of }) => (allowed === of ? access : `${access} (${allowed} of ${of})`))
  const names = objects === 'prefixed' ? ', under names of its own' : ''
  const where = objects === 'all' ? "everybody's objects" : `objects of ${owner ?? 'nobody'}${names}`
  return [
    `${index + 1}.`,
    when === null ? `everybody of ${issuer}` : `${issuer} when ${when}`,
    `${role}: ${what.join(', ') || 'nothing but ping and version'}`,
    unbounded ? `everything: root on the host` : where,
  ]
}

function adminLines(admin: Description['admin']): string[] {
  if (admin === null) return []
  const { socket, listener } = admin
  if (listener === null) return ['admin', `  ${socket}`]
  const { address, tls, allow } = listener
  return [
    'admin',
    `  ${socket}`,
    `  ${address}  ${tls ? 'TLS' : 'plain'}  (every entry that matches gives its pages)`,
    ...table(
      allow.map(({ issuer, when, pages }) => [
        issuer,
        '->',
        pages.join(', '),
        when === undefined ? 'everybody' : `when ${when}`,
      ]),
    ),
  ]
}

function issuerLines(issuers: Description['issuers']): string[] {
  const rows = table(issuers.map((one) => [one.name, one.kind, one.source]))
  return issuers.flatMap(({ certificates }, index) => [rows[index] ?? '', ...certificateLines(certificates)])
}

function certificateLines(certificates: Description['issuers'][number]['certificates']): string[] {
  if (certificates === null) return []
  const { depth, crl, pins, patterns, spiffe } = certificates
  const rules = Object.entries(patterns).map(([what, wanted]) => `${what} ${wanted.join(' or ')}`)
  if (spiffe !== null) rules.push(`one SPIFFE ID of spiffe://${spiffe}`)
  if (pins.length > 0) rules.push(`its key, or an authority's, is ${pins.join(' or ')}`)
  return [
    `    takes certificates with ${rules.join('; ') || 'any subject, names and key'}`,
    `    signed by one of its authorities${depth === 0 ? ' itself' : `, with at most ${depth} more between`}`,
    `    revoked by ${crl.join(', ') || 'revocations.file alone: no crl'}`,
  ].map((line) => printable(line, LINE_LENGTH))
}

function roleLines(role: RoleDescription): string[] {
  const { name, allow, operations, parts, grace, rate, unbounded, waysToRoot, reachesOthers } = role
  const from = role.extends === null ? '' : `  extends: ${role.extends}`
  const ways = waysToRoot.map(({ by, why }) => `      ${by}: ${why}`)
  const others = reachesOthers.join(', ')
  const never = role.neverWorks.join(', ')
  return [
    `  ${name}${role.observe ? '  OBSERVES ONLY' : ''}${unbounded ? '  UNBOUNDED' : ''}${from}  allow: ${allow.join(', ')}`,
    ...Object.entries(operations).map(([access, ids]) => `    ${access}: ${ids.join(', ')}`),
    ...Object.entries(parts).map(([part, keys]) => `    may ask for ${part}: ${keys.join(', ') || 'nothing'}`),
    `    when the proof of who asked expires: sessions go on for ${grace.sessions}, streams for ${grace.streams}`,
    ...rate.map((line) => `    at most, of ${line}`),
    ...(unbounded ? ['    unbounded: as good as root on the host:', ...ways] : []),
    ...objectsLines(role.objects),
    ...(never === ''
      ? []
      : [`    allowed, and refused all the same, as it is about nothing that has an owner: ${never}`]),
    ...(others === '' ? [] : [`    acts in every container of this engine, whoever made it: ${others}`]),
  ]
}

function objectsLines(objects: RoleDescription['objects']): string[] {
  if (objects === null) return []
  const { names, sharedImages, quotas, lifetime, endsWithToken } = objects
  const bounds = Object.entries(quotas).map(([what, most]) => `${what} ${most}`)
  const ends = [...(lifetime === 'unlimited' ? [] : [lifetime]), ...(endsWithToken ? ['the end of the token'] : [])]
  return [
    `    objects: the caller's own only${names === 'prefixed' ? ', under names of its own' : ''}`,
    `    images that everybody sees: ${sharedImages.join(', ') || 'none'}`,
    `    at a time: ${bounds.join(', ') || 'any number'}`,
    ...(ends.length > 0 ? [`    what it made is removed after ${ends.join(', or ')}`] : []),
  ]
}

import type { IssuerPresetName } from '../config/issuer-presets.ts'
import { issuerPreset } from '../config/issuer-presets.ts'

/** The jobs of a CI system, as far as a gate is told whose they are. */
export interface CiCaller {
  readonly preset: IssuerPresetName
  /** What of the issuer the preset is told: host, tenant, organization, issuer. */
  readonly told: Readonly<Record<string, string>>
  /** Null: the preset knows it. */
  readonly audience: string | null
  /** A CEL condition. */
  readonly when: string
}

interface Whom {
  /** What `--only` names, for help. */
  readonly names: string
  readonly example: string
  readonly condition: (name: string) => string
}

/** A CEL string literal: JSON's escapes are among CEL's (CEL specification, "String and Bytes Values"). */
export const celText = (value: string) => JSON.stringify(value)

/** Of `--only`: whose jobs, by the preset. */
const WHOM: Readonly<Record<IssuerPresetName, Whom>> = {
  'github-actions': {
    names: 'an owner, or one repository',
    example: 'acme/shop',
    condition: (name) =>
      name.includes('/') ? `claims.repository == ${celText(name)}` : `claims.repository_owner == ${celText(name)}`,
  },
  'gitlab-ci': {
    names: 'a project, or a group with a slash at its end',
    example: 'acme/',
    condition: (name) =>
      name.endsWith('/')
        ? `claims.project_path.startsWith(${celText(name)})`
        : `claims.project_path == ${celText(name)}`,
  },
  kubernetes: {
    names: 'a service account, NAMESPACE:NAME',
    example: 'ci:builder',
    condition: (name) => `subject == ${celText(`system:serviceaccount:${name}`)}`,
  },
  buildkite: {
    names: 'an organisation, or ORGANISATION/PIPELINE',
    example: 'acme/shop',
    condition: (name) => {
      const [organization = '', pipeline] = name.split('/')
      const own = `claims.organization_slug == ${celText(organization)}`
      return pipeline === undefined ? own : `${own} && claims.pipeline_slug == ${celText(pipeline)}`
    },
  },
  circleci: {
    names: "a project's id",
    example: 'fedcba98-7654-3210-fedc-ba9876543210',
    condition: (name) => `claims["oidc.circleci.com/project-id"] == ${celText(name)}`,
  },
  google: {
    names: 'the e-mail address of an account',
    example: 'builder@acme-prod.iam.gserviceaccount.com',
    condition: (name) => `claims.email == ${celText(name)} && claims.email_verified == true`,
  },
  'azure-ad': {
    names: 'a role of the application',
    example: 'docker.ci',
    condition: (name) => `${celText(name)} in claims.roles`,
  },
  'generic-oidc': { names: 'a subject', example: 'ci', condition: (name) => `subject == ${celText(name)}` },
}

/** The condition that picks somebody among the issuer's callers. */
export function conditionFor(preset: IssuerPresetName, name: string): string {
  return WHOM[preset].condition(name)
}

/** What to name, with an example: for questions and messages. */
export function whomOf(preset: IssuerPresetName): { readonly names: string; readonly example: string } {
  return WHOM[preset]
}

/** Whose objects are a caller's: the preset's template, or one over the subject where it has none; null: the preset's. */
export function ownerOf(preset: IssuerPresetName): string | null {
  return issuerPreset(preset).owner === null ? '${issuer}:${subject}' : null
}

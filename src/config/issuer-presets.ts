import {
  AZURE_CLAIMS,
  BUILDKITE_CLAIMS,
  CIRCLECI_CLAIMS,
  type ClaimTable,
  GITHUB_CLAIMS,
  GITLAB_CLAIMS,
  GOOGLE_CLAIMS,
  KUBERNETES_CLAIMS,
} from './issuer-claims.ts'

/** What of an issuer a preset is told, or what it must not be told because it has no use for it. */
export const ISSUER_PRESET_KEYS = ['host', 'tenant', 'organization'] as const
type PresetKey = (typeof ISSUER_PRESET_KEYS)[number]
type Told = Partial<Record<PresetKey, string | undefined>>

interface Preset {
  /** The key that it takes, if any; "issuer" can stand for it. */
  readonly key: PresetKey | null
  /** The issuer's URL, or what must be added before it can be known. */
  readonly issuer: (told: Told) => string | { readonly wants: string }
  /** The audience of tokens for which nobody asked for another one. */
  readonly audience?: (told: Told) => string | undefined
  readonly algorithms: readonly ['RS256', ...('ES256' | 'ES384' | 'ES512')[]] | null
  readonly claims: ClaimTable | null
  /**
   * Whose objects are a job's, as a template: null where nobody can tell. It begins with the issuer, so that no two
   * issuers meet, and has an id that is never given to somebody else, where the provider has one; a name before it is
   * for people.
   */
  readonly owner: string | null
}

const RS256 = ['RS256'] as const

/** The identity providers whose URL, algorithms and claims are known. */
const PRESETS = {
  'github-actions': {
    key: 'host',
    issuer: ({ host }) => githubIssuer(host),
    algorithms: RS256,
    claims: GITHUB_CLAIMS,
    owner: '${issuer}:${claims.repository}#${claims.repository_id}',
  },
  'gitlab-ci': {
    key: 'host',
    issuer: ({ host = 'gitlab.com' }) => `https://${host}`,
    algorithms: RS256,
    claims: GITLAB_CLAIMS,
    owner: '${issuer}:${claims.project_path}#${claims.project_id}',
  },
  kubernetes: {
    key: null,
    issuer: () => ({ wants: 'add issuer: what kubectl get --raw /.well-known/openid-configuration shows as "issuer"' }),
    algorithms: ['RS256', 'ES256', 'ES384', 'ES512'],
    claims: KUBERNETES_CLAIMS,
    owner: '${issuer}:${claims["kubernetes.io"].namespace}',
  },
  buildkite: {
    key: null,
    issuer: () => 'https://agent.buildkite.com',
    algorithms: RS256,
    claims: BUILDKITE_CLAIMS,
    owner: '${issuer}:${claims.organization_slug}/${claims.pipeline_slug}#${claims.pipeline_id}',
  },
  circleci: {
    key: 'organization',
    issuer: ({ organization }) =>
      organization === undefined
        ? { wants: 'add organization: the id that Organization Settings, Overview shows' }
        : `https://oidc.circleci.com/org/${organization}`,
    audience: ({ organization }) => organization,
    algorithms: RS256,
    claims: CIRCLECI_CLAIMS,
    owner: '${issuer}:${claims["oidc.circleci.com/project-id"]}',
  },
  google: {
    key: null,
    issuer: () => 'https://accounts.google.com',
    algorithms: RS256,
    claims: GOOGLE_CLAIMS,
    owner: '${issuer}:${subject}',
  },
  'azure-ad': {
    key: 'tenant',
    issuer: ({ tenant }) =>
      tenant === undefined
        ? { wants: 'add tenant: the id of the directory (tenant)' }
        : `https://login.microsoftonline.com/${tenant}/v2.0`,
    algorithms: RS256,
    claims: AZURE_CLAIMS,
    owner: '${issuer}:${subject}',
  },
  'generic-oidc': {
    key: null,
    issuer: () => ({ wants: 'add issuer: the URL that stands as "iss" in its tokens' }),
    algorithms: null,
    claims: null,
    // A subject may be a job, a branch, or one account for everybody.
    owner: null,
  },
} as const satisfies Record<string, Preset>

export type IssuerPresetName = keyof typeof PRESETS
export const ISSUER_PRESETS = Object.keys(PRESETS) as [IssuerPresetName, ...IssuerPresetName[]]

export function issuerPreset(name: IssuerPresetName): Preset {
  return PRESETS[name]
}

/** Enterprise Server has its issuer below its own host; an enterprise with data residency has a host for tokens of its own. */
function githubIssuer(host: string | undefined): string {
  if (host === undefined || host === 'github.com') return 'https://token.actions.githubusercontent.com'
  return host.endsWith('.ghe.com') ? `https://token.actions.${host}` : `https://${host}/_services/token`
}

/** A claim in which a token of a shared issuer names the tenant that it belongs to. */
export interface TenantClaim {
  /** Member names from `claims` on. */
  readonly path: readonly string[]
  /** What a whole value must look like to name a tenant; left out, every value does. */
  readonly whole?: RegExp
  /** What the beginning of a value must look like to name a whole tenant: `acme` would name `acme-evil` as well. */
  readonly start?: RegExp
  /** The same of the end. */
  readonly end?: RegExp
}

/** An identity provider that signs tokens for anybody who has an account there. */
export interface SharedIssuer {
  readonly tenant: readonly TenantClaim[]
  /** A condition that names a tenant. */
  readonly example: string
}

const claim = (...path: string[]): TenantClaim => ({ path })
const OWNER_OF_PATH = /^[^/]+\//

/**
 * Who has a token of one of these has proved nothing until a condition looks at the tenant in it. Not among the claims
 * are those that a stranger can have as well: GitHub's `job_workflow_ref` (a reusable workflow that anybody may call),
 * GitLab's `job_project_path` (the project in which a fork's merge request runs), names of branches and environments.
 */
const SHARED: ReadonlyMap<string, SharedIssuer> = new Map([
  [
    'https://token.actions.githubusercontent.com',
    {
      example: 'claims.repository_owner == "your-organisation"',
      tenant: [
        claim('repository_owner'),
        claim('repository_owner_id'),
        { path: ['repository'], start: OWNER_OF_PATH },
        claim('repository_id'),
        claim('enterprise'),
        claim('enterprise_id'),
        // A repository chooses what its own subject is made of, `environment:prod` alone too. Values have no colon.
        {
          path: ['sub'],
          whole: /^(repo:[^:/@]+[/@]|repository(_owner)?(_id)?:[^:]+(:|$))/,
          start: /^(repo:[^:/@]+[/@]|repository(_owner)?(_id)?:[^:]+:)/,
        },
      ],
    },
  ],
  [
    'https://gitlab.com',
    {
      example: 'claims.namespace_path == "your-group"',
      tenant: [
        claim('namespace_id'),
        { path: ['namespace_path'], start: OWNER_OF_PATH },
        claim('project_id'),
        { path: ['project_path'], start: OWNER_OF_PATH },
        { path: ['sub'], whole: /^project_path:[^:/]+\//, start: /^project_path:[^:/]+\// },
      ],
    },
  ],
  [
    'https://agent.buildkite.com',
    {
      example: 'claims.organization_slug == "your-organisation"',
      tenant: [
        claim('organization_slug'),
        claim('organization_id'),
        claim('pipeline_id'),
        claim('cluster_id'),
        claim('queue_id'),
        { path: ['sub'], start: /^organization:[^:]+:/ },
      ],
    },
  ],
  [
    'https://app.terraform.io',
    {
      example: 'claims.terraform_organization_name == "your-organisation"',
      tenant: [
        claim('terraform_organization_name'),
        claim('terraform_organization_id'),
        claim('terraform_workspace_id'),
        { path: ['sub'], start: /^organization:[^:]+:/ },
      ],
    },
  ],
  [
    'https://accounts.google.com',
    {
      example: 'claims.email == "your-account@your-project.iam.gserviceaccount.com"',
      tenant: [
        claim('hd'),
        { path: ['email'], end: /^@[^@]+\.iam\.gserviceaccount\.com$/ },
        claim('sub'),
        claim('google', 'compute_engine', 'project_id'),
        claim('google', 'compute_engine', 'project_number'),
      ],
    },
  ],
  [
    // The tenant of everybody's private Microsoft accounts.
    'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0',
    { example: 'claims.oid == "id-of-your-account"', tenant: [claim('oid'), claim('sub')] },
  ],
])

/** The shared issuer with this URL, a slash at its end or not; null when the URL is nobody's but its operator's. */
export function sharedIssuer(url: string): SharedIssuer | null {
  return SHARED.get(url.replace(/\/$/, '')) ?? null
}

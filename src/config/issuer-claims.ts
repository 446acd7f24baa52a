/** What a claim's value is in a token. */
export type ClaimType = 'text' | 'number' | 'boolean' | 'list' | 'map'

/** The claims of one provider's tokens. */
export interface ClaimTable {
  readonly types: ReadonlyMap<string, ClaimType>
  /** How further names may begin that the provider's users can add. The empty text: tokens may have any claim. */
  readonly open: readonly string[]
}

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '')

function table(claims: Partial<Record<ClaimType, string>>, open: readonly string[] = []): ClaimTable {
  const types = new Map<string, ClaimType>()
  // RFC 7519 section 4.1 and RFC 8705 section 3.1. `aud` may be a list or a text, so nothing is said of its type.
  for (const name of ['iss', 'sub', 'jti']) types.set(name, 'text')
  for (const name of ['exp', 'nbf', 'iat']) types.set(name, 'number')
  types.set('cnf', 'map')
  for (const [type, names] of Object.entries(claims))
    for (const name of words(names)) types.set(name, type as ClaimType)
  return { types, open }
}

/** https://docs.github.com/en/actions/reference/security/oidc: every value is text, numbers and booleans too. */
export const GITHUB_CLAIMS = table(
  {
    text: `actor actor_id base_ref check_run_id enterprise enterprise_id environment environment_node_id event_name
      head_ref job_workflow_ref job_workflow_sha ref ref_protected ref_type repository repository_id repository_owner
      repository_owner_id repository_visibility run_attempt run_id run_number runner_environment sha workflow
      workflow_ref workflow_sha issuer_scope`,
  },
  ['repo_property_'],
)

/** https://docs.gitlab.com/ci/secrets/id_token_authentication/: `ref_protected` is the text "true" or "false". */
export const GITLAB_CLAIMS = table({
  text: `namespace_id namespace_path project_id project_path project_visibility user_id user_login user_email
    user_access_level job_project_id job_project_path job_namespace_id job_namespace_path pipeline_id pipeline_source
    job_id job_source ref ref_type ref_path ref_protected environment environment_protected environment_action
    deployment_tier runner_environment sha ci_config_ref_uri ci_config_sha`,
  number: 'runner_id',
  list: 'user_identities groups_direct',
  map: 'job_config',
})

/** https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/: the rest is below `kubernetes.io`. */
export const KUBERNETES_CLAIMS = table({ map: 'kubernetes.io' })

/** https://buildkite.com/docs/agent/cli/reference/oidc. */
export const BUILDKITE_CLAIMS = table(
  {
    text: `organization_slug organization_id pipeline_slug pipeline_id build_branch build_tag build_commit build_source
      build_id step_key job_id agent_id cluster_id cluster_name queue_id queue_key runner_environment`,
    number: 'build_number',
    map: 'https://aws.amazon.com/tags',
  },
  ['agent_tag:'],
)

/** https://circleci.com/docs/guides/permissions-authentication/openid-connect-tokens/. */
export const CIRCLECI_CLAIMS = table({
  text: `oidc.circleci.com/org-id oidc.circleci.com/project-id oidc.circleci.com/pipeline-id
    oidc.circleci.com/pipeline-definition-id oidc.circleci.com/vcs-origin oidc.circleci.com/vcs-ref`,
  list: 'oidc.circleci.com/context-ids',
  boolean: 'oidc.circleci.com/ssh-rerun',
})

/** https://developers.google.com/identity/openid-connect/openid-connect, and Compute Engine's under `google`. */
export const GOOGLE_CLAIMS = table({
  text: 'azp email hd name picture given_name family_name profile locale nonce at_hash',
  boolean: 'email_verified',
  map: 'google',
})

/** https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference; a tenant may add any claim. */
export const AZURE_CLAIMS = table(
  {
    text: `tid oid azp appid azpacr appidacr idp idtyp scp uti ver acr preferred_username name unique_name upn email
      given_name family_name ipaddr onprem_sid`,
    list: 'roles groups wids acrs amr xms_cc',
    boolean: 'hasgroups',
  },
  [''],
)

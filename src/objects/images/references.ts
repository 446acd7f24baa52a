import { normalised, parseReference, withDefaultTag } from '../../policy/profile/reference.ts'

/** The full reference of one image, `:latest` added, as the ledger has it; null for what is none. */
export function fullReference(text: string): string | null {
  const reference = parseReference(text)
  return reference === null ? null : normalised(withDefaultTag(reference))
}

/** `registry/repository`, without tag and digest; null for what is no reference. */
export function repositoryOf(text: string): string | null {
  const reference = parseReference(text)
  return reference === null ? null : normalised({ ...reference, tag: null, digest: null })
}

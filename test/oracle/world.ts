/** What the generated bodies may name on an engine, beside what is not there. */
export interface World {
  /** A privileged container with the host's root in it: its name and id. */
  readonly victim: string
  readonly victimId: string
  /** A local image that no role lists, and the ids of it and of the one that roles list. */
  readonly otherImage: string
  readonly otherImageId: string
  readonly imageId: string
  /** The id of the network that is the host's. */
  readonly hostNetwork: string
}

/** For bodies that go to no engine. */
export const NOWHERE: World = {
  victim: 'victim',
  victimId: '0123abcd'.repeat(8),
  otherImage: 'private.example/other:1',
  otherImageId: `sha256:${'fedcba98'.repeat(8)}`,
  imageId: `sha256:${'01234567'.repeat(8)}`,
  hostNetwork: 'abcdef01'.repeat(8),
}

/** The image that is on every engine of the tests, and that the preset ci-run lists. */
export const IMAGE = 'busybox:test'

/** Values that a field may have: those that ask for what the preset ci-run allows, and all others. */
export interface Pool {
  readonly good: readonly unknown[]
  readonly odd: readonly unknown[]
}

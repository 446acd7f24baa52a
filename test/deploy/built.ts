/** What deploy/debian/build has made. */
export interface Built {
  /** Holds the package alone. */
  readonly folder: string
  readonly file: string
}

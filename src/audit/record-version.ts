/** Raised when a field of records changes its name or meaning. Apart from the schema, which writing does not need. */
export const RECORD_VERSION = 1

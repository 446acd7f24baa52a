/** Keys, certificates or their files are not as they must be: the message says which file or name, and the way out. */
export class PkiError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'PkiError'
  }
}

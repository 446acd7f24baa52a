/** What engines cannot say of objects: whose they are. */
export interface Ledger {
  noteVolume(name: string, owner: string): void
  /** Null: nobody's. */
  volumeOwner(name: string): string | null
}

import { chmodSync, existsSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** How a reference came to mean an image here: what is in a registry can be fetched again by whoever may. */
export type How = 'made' | 'registry'

export interface Holder {
  readonly owner: string
  readonly how: How
}

/**
 * What engines cannot say of objects: who made or fetched an image, which carries no proof of that, and whose a volume
 * without a name is, which carries no labels. References are normalised, with their tag or digest; image ids are
 * `sha256:…`. Every write is on the disk when its function returns. Throws what SQLite throws.
 */
export interface Ledger {
  /** @param expires milliseconds since the epoch; Infinity, as where it is left out: never */
  noteImage(id: string, owner: string, expires?: number): void
  ownsImage(id: string, owner: string): boolean
  /** Newest first. */
  imagesOf(owner: string): readonly string[]
  ownersOfImage(id: string): readonly string[]
  /** Null: every owner's, as the image is gone. */
  dropImage(id: string, owner: string | null): void
  noteReference(reference: string, owner: string, how: How): void
  holdersOf(reference: string): readonly Holder[]
  dropReference(reference: string, owner: string | null): void
  /** @param expires as of an image */
  noteVolume(name: string, owner: string, expires?: number): void
  /** Null: nobody's. */
  volumeOwner(name: string): string | null
  volumesOf(owner: string): readonly string[]
  dropVolume(name: string): void
  /** What is to be removed by now, with its owner. */
  expired(now: number): {
    readonly images: readonly { readonly id: string; readonly owner: string }[]
    readonly volumes: readonly { readonly name: string; readonly owner: string }[]
  }
  /** Everything that is noted, for holding it against what the engine has. */
  noted(): {
    readonly images: readonly string[]
    readonly references: readonly string[]
    readonly volumes: readonly string[]
  }
  close(): void
}

/** Another number: another shape of the tables. */
const VERSION = 1
/** "dockgate" in the header of the file, so that no other database is taken for a ledger. */
const APPLICATION = 0x646f6b67
/** `dockgate reap` writes beside a running gate. */
const BUSY_MS = 5000

const TABLES = `
  CREATE TABLE image (id TEXT NOT NULL, owner TEXT NOT NULL, at INTEGER NOT NULL, expires INTEGER, PRIMARY KEY (id, owner)) WITHOUT ROWID, STRICT;
  CREATE INDEX image_owner ON image (owner, at);
  CREATE TABLE reference (reference TEXT NOT NULL, owner TEXT NOT NULL, how TEXT NOT NULL, PRIMARY KEY (reference, owner)) WITHOUT ROWID, STRICT;
  CREATE TABLE volume (name TEXT NOT NULL PRIMARY KEY, owner TEXT NOT NULL, expires INTEGER) WITHOUT ROWID, STRICT;
`

/**
 * Opens the ledger, and makes it where there is none: one SQLite file, and two beside it while it is open.
 *
 * @throws Error with a message for the operator when it cannot be opened, or the file is something else
 */
export function openLedger(file: string): Ledger {
  try {
    // SQLite says only that it is unable to open the file.
    if (!existsSync(path.dirname(file))) throw new Error('its folder does not exist: make it first')
    const database = new DatabaseSync(file)
    chmodSync(file, 0o600)
    // The constructor's `timeout` is younger than the oldest Node that has this module without a flag.
    database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`)
    // A commit is written through to the disk: what was acknowledged survives the machine as well.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    prepareTables(database)
    return ledgerOn(database)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`ledger ${file}: ${reason}`, { cause })
  }
}

function prepareTables(database: DatabaseSync): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    const application = numberOf(database, 'application_id')
    const version = numberOf(database, 'user_version')
    const { count } = database.prepare('SELECT count(*) AS count FROM sqlite_schema').get() as { count: number }
    if (application === 0 && count === 0) {
      database.exec(`${TABLES} PRAGMA application_id = ${APPLICATION}; PRAGMA user_version = ${VERSION}`)
    } else if (application !== APPLICATION) {
      throw new Error('it is a database of something else; name another file, which is made')
    } else if (version !== VERSION) {
      throw new Error(`it has version ${version}, and this dockgate knows version ${VERSION}`)
    }
    database.exec('COMMIT')
  } catch (error) {
    database.exec('ROLLBACK')
    database.close()
    throw error
  }
}

function numberOf(database: DatabaseSync, pragma: 'application_id' | 'user_version'): number {
  return Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0])
}

function ledgerOn(database: DatabaseSync): Ledger {
  const write = (sql: string) => {
    const statement = database.prepare(sql)
    return (...values: (string | number | null)[]) => void statement.run(...values)
  }
  const read = <Row>(sql: string) => {
    const statement = database.prepare(sql)
    return (...values: (string | number)[]) => statement.all(...values) as unknown as readonly Row[]
  }
  const noteImage = write(
    'INSERT INTO image VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET at = excluded.at, expires = excluded.expires',
  )
  const image = read('SELECT 1 FROM image WHERE id = ? AND owner = ?')
  const imagesOf = read<{ id: string }>('SELECT id FROM image WHERE owner = ? ORDER BY at DESC')
  const ownersOf = read<{ owner: string }>('SELECT owner FROM image WHERE id = ?')
  const dropImage = write('DELETE FROM image WHERE id = ?1 AND (?2 IS NULL OR owner = ?2)')
  const noteReference = write('INSERT INTO reference VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET how = excluded.how')
  const holders = read<Holder>('SELECT owner, how FROM reference WHERE reference = ?')
  const dropReference = write('DELETE FROM reference WHERE reference = ?1 AND (?2 IS NULL OR owner = ?2)')
  const noteVolume = write(
    'INSERT INTO volume VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET owner = excluded.owner, expires = excluded.expires',
  )
  const volume = read<{ owner: string }>('SELECT owner FROM volume WHERE name = ?')
  const volumesOf = read<{ name: string }>('SELECT name FROM volume WHERE owner = ?')
  const dropVolume = write('DELETE FROM volume WHERE name = ?')
  const expiredImages = read<{ id: string; owner: string }>('SELECT id, owner FROM image WHERE expires <= ?')
  const expiredVolumes = read<{ name: string; owner: string }>('SELECT name, owner FROM volume WHERE expires <= ?')
  const allImages = read<{ id: string }>('SELECT DISTINCT id FROM image')
  const allReferences = read<{ reference: string }>('SELECT DISTINCT reference FROM reference')
  const allVolumes = read<{ name: string }>('SELECT name FROM volume')
  return {
    noteImage: (id, owner, expires) => noteImage(id, owner, Date.now(), orNever(expires)),
    ownsImage: (id, owner) => image(id, owner).length > 0,
    imagesOf: (owner) => imagesOf(owner).map(({ id }) => id),
    ownersOfImage: (id) => ownersOf(id).map(({ owner }) => owner),
    dropImage: (id, owner) => dropImage(id, owner),
    noteReference: (reference, owner, how) => noteReference(reference, owner, how),
    holdersOf: (reference) => holders(reference).map(({ owner, how }) => ({ owner, how })),
    dropReference: (reference, owner) => dropReference(reference, owner),
    noteVolume: (name, owner, expires) => noteVolume(name, owner, orNever(expires)),
    volumeOwner: (name) => volume(name)[0]?.owner ?? null,
    volumesOf: (owner) => volumesOf(owner).map(({ name }) => name),
    dropVolume: (name) => dropVolume(name),
    expired: (now) => ({
      images: expiredImages(now).map(({ id, owner }) => ({ id, owner })),
      volumes: expiredVolumes(now).map(({ name, owner }) => ({ name, owner })),
    }),
    noted: () => ({
      images: allImages().map(({ id }) => id),
      references: allReferences().map(({ reference }) => reference),
      volumes: allVolumes().map(({ name }) => name),
    }),
    close: () => database.close(),
  }
}

function orNever(expires = Number.POSITIVE_INFINITY): number | null {
  return Number.isFinite(expires) ? Math.floor(expires) : null
}

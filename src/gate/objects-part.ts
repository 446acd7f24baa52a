import type { Config } from '../config/schema.ts'
import type { Engine } from '../forward/engine.ts'
import { createWorld } from '../objects/confine.ts'
import { type Ledger, openLedger } from '../objects/ledger.ts'
import type { World } from '../objects/request.ts'
import { matchesAny, type Pattern } from '../policy/profile/pattern.ts'
import type { Policy } from '../policy/types.ts'
import { createAsk } from './ask.ts'
import type { Part } from './parts.ts'

/** What the ledger and the policy say of objects. */
interface ObjectsConfig extends Pick<Config, 'ledger'> {
  readonly policy: Policy
}

/** Whose objects are whose, and the ledger: one for as long as the gate runs, from the first configuration that wants it. */
export interface ObjectsPart extends Part<ObjectsConfig, World | null> {
  /** The ledger's file while it is open: another one is for the next start. */
  ledgerFile(): string | null
}

interface Opened {
  readonly file: string
  readonly ledger: Ledger
  readonly world: World
}

/** The value is null where no role has objects of its own. */
export function objectsPart(engine: Engine): ObjectsPart {
  let opened: Opened | null = null
  /** What one role shares, every owner relies on; in force now, as nobody may then change what it means. */
  let shared: readonly Pattern[] = []

  const open = (file: string): Opened => {
    const ledger = openLedger(file)
    const world = createWorld(createAsk(engine), ledger, (reference, { principal }) =>
      matchesAny(shared, reference, principal),
    )
    return { file, ledger, world }
  }

  return {
    prepare({ ledger, policy: { roles } }) {
      const rules = [...roles.values()].flatMap(({ objects }) => objects ?? [])
      const before = opened
      const next = before ?? (ledger === undefined ? null : open(ledger.file))
      if (rules.length > 0 && next === null) throw new Error('a role is for own objects, and there is no ledger.file')
      return {
        value: rules.length > 0 ? (next as Opened).world : null,
        use() {
          opened = next
          shared = rules.flatMap(({ sharedImages }) => sharedImages)
        },
        drop: () => (before === null ? next?.ledger.close() : undefined),
      }
    },
    ledgerFile: () => opened?.file ?? null,
    close: () => opened?.ledger.close(),
  }
}

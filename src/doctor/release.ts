import { isTcpHost, socketExposures, socketInstead } from './exposure.ts'
import type { Option } from './flags.ts'
import type { Setting, SetUp } from './set-up.ts'
import { type Change, change } from './types.ts'
import { without } from './without.ts'

const TLS_OPTIONS: readonly Option[] = ['tls', 'tlsverify', 'tlscacert', 'tlscert', 'tlskey']

/** The changes after which dockerd has its socket alone, without TCP addresses and TLS: one for each file, and none when there is nothing to change. */
export function releaseOf(setUp: SetUp): readonly Change[] {
  const isTcp = isTcpHost(setUp)
  const gone = setUp.settings.filter((one) => (one.option === 'hosts' ? isTcp(one) : TLS_OPTIONS.includes(one.option)))
  const instead = gone.some(({ option }) => option === 'hosts') ? socketInstead(setUp) : []
  const changes = [...groups(gone).values()].map((some) => without(setUp, some, instead))
  return joined([...changes, ...socketExposures(setUp).map((one) => one.change)])
}

/** What is written in one place in one way can be taken out at once; of daemon.json, one key. */
function groups(gone: readonly Setting[]): ReadonlyMap<string, Setting[]> {
  const found = new Map<string, Setting[]>()
  for (const one of gone) {
    const variable = one.words.find((word) => word.variable !== null)?.variable ?? ''
    const way = one.words.length === 0 ? one.option : `${one.place.line} ${variable}`
    const key = `${one.place.file} ${way}`
    found.set(key, [...(found.get(key) ?? []), one])
  }
  return found
}

function joined(changes: readonly Change[]): readonly Change[] {
  const byFile = new Map<string | null, Change>()
  for (const one of changes) {
    const before = byFile.get(one.file)
    byFile.set(one.file, before === undefined ? one : both(before, one))
  }
  return [...byFile.values()]
}

function both(first: Change, second: Change): Change {
  const texts = [first.text, second.text].filter((text) => text !== null)
  return change({
    file: first.file,
    write: [...new Set([...first.write, ...second.write])],
    run: [...new Set([...first.run, ...second.run])],
    text: texts.length === 0 ? null : texts.join('; ').replaceAll(` out of ${first.file}; take `, ', '),
  })
}

import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { watchFiles } from '../../src/config/watch.ts'

let folder: string
const at = (...names: string[]) => join(folder, ...names)
const write = (name: string, content: string) => writeFileSync(at(name), content)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dockgate-watch-'))
})
afterEach(() => {
  vi.useRealTimers()
  rmSync(folder, { recursive: true, force: true })
})

/** Replaces a file by another one, as editors and certbot do. */
function replace(name: string, content: string): void {
  write(`${name}.new`, content)
  renameSync(at(`${name}.new`), at(name))
}

/** Mounts files as Kubernetes does: each is a link through `..data`, which is swapped as one. */
function mount(version: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(at(version))
  for (const [name, content] of Object.entries(files)) write(join(version, name), content)
  symlinkSync(version, at('..data_tmp'))
  renameSync(at('..data_tmp'), at('..data'))
}

/** A watch whose loads are noted: what the paths held, joined, at each load. `fail` makes loads throw. */
function create(...names: string[]) {
  const loads: string[] = []
  const failures: string[] = []
  const state = { fail: null as string | null, loaded: () => {} }
  const read = (name: string) => {
    try {
      return readFileSync(at(name), 'utf8')
    } catch {
      return '-'
    }
  }
  const watch = watchFiles({
    paths: names.map((name) => at(name)),
    load: () => {
      loads.push(names.map(read).join(' '))
      state.loaded()
      if (state.fail !== null) throw new Error(state.fail)
    },
    failed: ({ message }) => void failures.push(message),
  })
  onTestFinished(() => watch.close())
  return { loads, failures, state, watch }
}

describe('watchFiles, by its look each second', () => {
  beforeEach(() => void vi.useFakeTimers())
  /** Long enough for a look and for the files to settle. */
  const later = (ms = 1200) => void vi.advanceTimersByTime(ms)

  it('loads at once, and not again while nothing changes', () => {
    write('a', '1')
    const { loads } = create('a')
    later(60_000)
    expect(loads).toEqual(['1'])
  })

  it('throws what the first load throws', () => {
    expect(() =>
      watchFiles({
        paths: [at('a')],
        load: () => {
          throw new Error('broken')
        },
        failed: () => {},
      }),
    ).toThrow('broken')
    expect(vi.getTimerCount()).toBe(0)
  })

  it.each<[string, () => void]>([
    ['written in place', () => write('a', '2')],
    ['replaced by rename', () => replace('a', '2')],
    [
      'removed and made again',
      () => {
        unlinkSync(at('a'))
        write('a', '2')
      },
    ],
  ])('loads a file again that was %s', (_, change) => {
    write('a', '1')
    const { loads } = create('a')
    change()
    later()
    expect(loads).toEqual(['1', '2'])
  })

  it('loads a file again that has come, or gone', () => {
    const { loads } = create('a')
    write('a', '1')
    later()
    unlinkSync(at('a'))
    later()
    expect(loads).toEqual(['-', '1', '-'])
  })

  it('loads a file again whose mode has changed, since that may be what was wrong with it', () => {
    write('a', '1')
    const { loads } = create('a')
    chmodSync(at('a'), 0o600)
    later()
    expect(loads).toEqual(['1', '1'])
  })

  it('loads a pair once when both have changed', () => {
    write('a', '1')
    write('b', '1')
    const { loads } = create('a', 'b')
    write('a', '2')
    later(1050)
    replace('b', '2')
    later()
    expect(loads).toEqual(['1 1', '2 2'])
  })

  it('follows what a load says that it reads, until a load reads it no more', () => {
    write('list', 'a')
    write('a', '1')
    const loads: string[] = []
    const watch = watchFiles({
      paths: [at('list')],
      load: (reads) => {
        const name = readFileSync(at('list'), 'utf8')
        reads(at(name))
        loads.push(`${name} ${readFileSync(at(name), 'utf8')}`)
      },
      failed: () => {},
    })
    onTestFinished(() => watch.close())
    later()
    write('a', '2')
    later()
    write('b', '1')
    write('list', 'b')
    later()
    write('a', '3')
    later()
    expect(loads).toEqual(['a 1', 'a 2', 'b 1'])
  })

  it('sees a change that comes while what it follows is being read', () => {
    write('list', 'a')
    write('a', '1')
    const loads: string[] = []
    const watch = watchFiles({
      paths: [at('list')],
      load: (reads) => {
        reads(at('a'))
        loads.push(readFileSync(at('a'), 'utf8'))
        if (loads.length === 1) write('a', '22')
      },
      failed: () => {},
    })
    onTestFinished(() => watch.close())
    later()
    expect(loads).toEqual(['1', '22'])
  })

  it('T129 loads a pair once when a folder behind links is swapped, as Kubernetes does', () => {
    mount('..1', { a: '1', b: '1' })
    for (const name of ['a', 'b']) symlinkSync(join('..data', name), at(name))
    const { loads } = create('a', 'b')
    mount('..2', { a: '2', b: '2' })
    rmSync(at('..1'), { recursive: true })
    later()
    mount('..3', { a: '3', b: '3' })
    later()
    expect(loads).toEqual(['1 1', '2 2', '3 3'])
  })

  it('T129 waits while a file is being written', () => {
    write('a', '1')
    const { loads } = create('a')
    for (let index = 0; index < 10; index += 1) {
      appendFileSync(at('a'), 'x')
      later(index === 0 ? 1000 : 100)
    }
    expect(loads).toEqual(['1'])
    later()
    expect(loads).toEqual(['1', '1xxxxxxxxxx'])
  })

  it('loads a file that never settles all the same', () => {
    write('a', '1')
    const { loads } = create('a')
    for (let index = 0; index < 40; index += 1) {
      appendFileSync(at('a'), 'x')
      later(100)
    }
    expect(loads.length).toBeGreaterThan(1)
  })

  it('loads again for a file that changed, came or went in a folder', () => {
    mkdirSync(at('d'))
    const { loads } = create('d')
    write('d/a', '1')
    later()
    write('d/a', '2')
    later()
    unlinkSync(at('d', 'a'))
    later()
    expect(loads).toHaveLength(4)
  })

  it('keeps trying a load that failed, ever less often, and says why once', () => {
    write('a', '1')
    const { loads, failures, state } = create('a')
    state.fail = 'half of it'
    write('a', '2')
    later()
    expect(failures).toEqual(['half of it'])
    later(10 * 60_000)
    expect(failures).toEqual(['half of it'])
    expect(loads.length).toBeGreaterThan(10)
    expect(loads.length).toBeLessThan(30)
    state.fail = 'worse'
    later(65_000)
    expect(failures).toEqual(['half of it', 'worse'])
    state.fail = null
    later(65_000)
    const tries = loads.length
    later(10 * 60_000)
    expect(loads).toHaveLength(tries)
  })

  it('says the same again when it has worked in between', () => {
    write('a', '1')
    const { failures, state } = create('a')
    for (const round of ['2', '3']) {
      state.fail = 'broken'
      write('a', round)
      later()
      state.fail = null
      later(5000)
    }
    expect(failures).toEqual(['broken', 'broken'])
  })

  it('leaves nothing running when it is closed', () => {
    write('a', '1')
    const { loads, watch } = create('a')
    write('a', '2')
    later(1050)
    watch.close()
    expect(vi.getTimerCount()).toBe(0)
    later()
    expect(loads).toEqual(['1'])
  })
})

describe("watchFiles, by the system's events", () => {
  // Without its look each second, only events can make it load.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))

  async function expectLoadAfter(change: () => void, ...names: string[]): Promise<void> {
    const { state } = create(...names)
    const loaded = new Promise<void>((resolve) => {
      state.loaded = resolve
    })
    change()
    await loaded
  }

  it('loads a file that was written in place', async () => {
    write('a', '1')
    await expectLoadAfter(() => write('a', '2'), 'a')
  })

  it('loads a file that was replaced', async () => {
    write('a', '1')
    await expectLoadAfter(() => replace('a', '2'), 'a')
  })

  it('loads a file behind a link into another folder', async () => {
    mkdirSync(at('archive'))
    write('archive/a1', '1')
    symlinkSync(join('archive', 'a1'), at('a'))
    await expectLoadAfter(() => write('archive/a1', '2'), 'a')
  })

  it('goes on behind a link that leads to another folder now', async () => {
    for (const name of ['one', 'two']) {
      mkdirSync(at(name))
      write(`${name}/a`, name)
    }
    symlinkSync(join('one', 'a'), at('a'))
    const { loads, state } = create('a')
    const loaded = () =>
      new Promise<void>((resolve) => {
        state.loaded = resolve
      })
    const swapped = loaded()
    symlinkSync(join('two', 'a'), at('b'))
    renameSync(at('b'), at('a'))
    await swapped
    const written = loaded()
    write('two/a', 'three')
    await written
    expect(loads).toEqual(['one', 'two', 'three'])
  })

  it('loads for a file that came into a folder', async () => {
    mkdirSync(at('d'))
    await expectLoadAfter(() => write('d/a', '1'), 'd')
  })

  it('T129 goes on after the folder behind the links was swapped', async () => {
    mount('..1', { a: '1' })
    symlinkSync(join('..data', 'a'), at('a'))
    const { loads, state } = create('a')
    for (const round of ['2', '3', '4']) {
      const loaded = new Promise<void>((resolve) => {
        state.loaded = resolve
      })
      mount(`..${round}`, { a: round })
      await loaded
    }
    expect(loads).toEqual(['1', '2', '3', '4'])
  })
})

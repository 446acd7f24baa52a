/** Keeps others from names while something is decided and done about them. */
export interface Locks {
  /**
   * Waits until nobody holds any of the names, and holds them.
   *
   * @returns to be called once, when they may go on
   */
  hold(names: readonly string[]): Promise<() => void>
}

/** A name that nobody holds takes no memory. */
export function createLocks(): Locks {
  const last = new Map<string, Promise<void>>()

  async function holdOne(name: string): Promise<() => void> {
    const before = last.get(name)
    let release = () => {}
    const mine = new Promise<void>((resolve) => {
      release = resolve
    })
    last.set(name, mine)
    await before
    return () => {
      if (last.get(name) === mine) last.delete(name)
      release()
    }
  }

  return {
    async hold(names) {
      const releases: (() => void)[] = []
      // In one order for everybody, or two could wait for each other.
      for (const name of [...new Set(names)].sort()) releases.push(await holdOne(name))
      return () => {
        for (const release of releases.splice(0)) release()
      }
    },
  }
}

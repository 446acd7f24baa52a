/** What is held until a request is over. */
export interface Holdings {
  /** A release that comes when it is over already is called at once. */
  add(release: () => void): void
  over(): void
}

/** A client may go away while the gate still finds out what is to be held. */
export function createHoldings(): Holdings {
  const releases: (() => void)[] = []
  let isOver = false
  return {
    add(release) {
      if (isOver) release()
      else releases.push(release)
    },
    over() {
      isOver = true
      for (const release of releases.splice(0)) release()
    },
  }
}

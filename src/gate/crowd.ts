/** Something that comes and goes. */
export interface Member {
  /** Its place in the crowd that it is in, which alone sets it; -1: in none. */
  place: number
}

/** What is there at the moment, in no order. */
export interface Crowd<T extends Member> {
  add(member: T): void
  /** Returns false when it was not there. */
  remove(member: T): boolean
  /** Those that are there now, in an array of the caller's own. */
  all(): T[]
}

/**
 * An array in which the last takes the place of one that goes. Where thousands come and go a second, a Set or a Map costs more
 * than all that is done with it: V8 makes them a new table every few dozen entries, each table that is given up holds the one
 * after it, and so the collector of what is young finds nothing that it may drop. It took a tenth of a ping's time, pauses of
 * 20 ms, and 100 MB.
 */
export function createCrowd<T extends Member>(): Crowd<T> {
  const members: T[] = []
  return {
    add(member) {
      member.place = members.length
      members.push(member)
    },
    remove(member) {
      const { place } = member
      if (members[place] !== member) return false
      const last = members.pop() as T
      if (last !== member) {
        members[place] = last
        last.place = place
      }
      member.place = -1
      return true
    },
    all: () => [...members],
  }
}

/**
 * Takes out of a client's output what differs between two runs of the same commands on the same engine: ids, times,
 * addresses, names that the
 * engine made up, the working folder, measured numbers, padding. Two equal ids stay equal: the first id that appears is
 * <id1> everywhere, in its long form and its short one.
 */
export function normalise(text: string, folder: string): string {
  const ids = new Map<string, string>()
  const label = (id: string) => {
    const key = id.slice(0, 12)
    const known = ids.get(key) ?? `<id${ids.size + 1}>`
    ids.set(key, known)
    return known
  }
  return text
    .replaceAll(folder, '<folder>')
    .replace(/(?<![0-9a-zA-Z])([0-9a-f]{60,64}|[0-9a-f]{12})(?![0-9a-zA-Z])/g, label)
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| ?[+-]\d\d:?\d\d)?( UTC)?/g, '<time>')
    .replace(
      /\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d+ [\d:]{8} \d{4}/g,
      '<time>',
    )
    .replace(
      /(Less than a second|About a minute|About an hour|\d+ (second|minute|hour|day|week|month|year)s?)( ago)?/g,
      '<age>',
    )
    .replace(/\b(\d+(\.\d+)?(ms|µs|s|m|h))+\b/g, '<duration>')
    .replace(/\b\d+(\.\d+)?( ?[KMG]iB|%)/g, '<number>')
    .replace(/\b172\.\d+\.\d+\.\d+\b/g, '<address>')
    .replace(/\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b/g, '<mac>')
    .replace(/(?<="name":"|\["\/)[a-z]+_[a-z]+(?=")/g, '<name>')
    .replace(/(?<=\bdocker-import-)\d+/g, '<number>')
    .replace(/(?<=build context to Docker daemon +)[\d.]+[kM]?B/g, '<number>')
    .replace(/-{8,}/g, '-')
    .replace(/[ \t]{2,}|\t/g, ' ')
    .replace(/ +$/gm, '')
}

/** Powers of 1024, as the kernel reads them in any case. */
const UNITS = 'kmgtpe'

/** Whether an option of tmpfs says how large it may become: as a size, or as a number of pages. */
export function isSizeOption(option: string): boolean {
  return /^(?:size|nr_blocks)(?:=|$)/.test(option)
}

/**
 * The bytes of `size=…`, as tmpfs(5) has it. Null for what is not judged: a part of the memory (`50%`), octal and
 * hexadecimal numbers, pages, whose size differs from host to host.
 */
export function tmpfsSize(option: string): number | null {
  const match = /^size=([1-9][0-9]{0,14})([kmgtpe]?)$/i.exec(option)
  if (match === null) return null
  const [, digits = '', unit = ''] = match
  return Number(digits) * 1024 ** (unit === '' ? 0 : UNITS.indexOf(unit.toLowerCase()) + 1)
}

import { printable } from '../text.ts'

const CELL_LENGTH = 500

/** Rows with columns of equal width, indented. */
export function table(content: readonly (readonly string[])[]): string[] {
  const rows = content.map((row) => row.map((cell) => printable(cell, CELL_LENGTH)))
  const widths: number[] = []
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length)
    })
  return rows.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd())
}

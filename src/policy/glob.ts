import { matchesPieces } from './profile/segments.ts'

/** Whether the whole text fits a pattern in which `*` stands for any run of characters, none included. */
export function matchesGlob(pattern: string, text: string): boolean {
  return matchesPieces(pattern.split('*'), text)
}

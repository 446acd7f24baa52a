import type { Built } from './built.ts'
export function imageTests(_: Built): void {}

import type { Built } from './built.ts'
export function roleTests(_: Built): void {}

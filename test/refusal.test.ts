import { expect, it } from 'vitest'
import { Refusal } from '../src/refusal.ts'

it('takes no stack, and leaves that of its cause and of the errors behind it', () => {
  const cause = new Error('the cause')
  const refusal = new Refusal('internal', 'refused', { cause })
  expect(refusal.stack).not.toContain('refusal.test.ts')
  expect((refusal.cause as Error).stack).toContain('refusal.test.ts')
  expect(new Error('another').stack).toContain('refusal.test.ts')
})

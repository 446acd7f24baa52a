import { describe, expect, it } from 'vitest'
import { allowsCommand } from '../../../src/policy/profile/command.ts'

describe('T81 allowsCommand', () => {
  const rule = [['npm', 'test'], ['node'], ['sh', '-c', 'echo *']]

  it.each([[['npm', 'test']], [['npm', 'test', '--', '-x']], [['node']], [['node', 'x.js']], [['sh', '-c', 'echo *']]])(
    'allows %j',
    (command) => {
      expect(allowsCommand(rule, command)).toBe(true)
    },
  )

  it.each([
    [['npm']],
    [['npm', 'testing']],
    [['npm test']],
    [['nodejs']],
    [['/usr/bin/node']],
    [['sh', '-c', 'echo hello']],
    [['sh', '-c', 'echo *; id']],
    [[]],
  ])('refuses %j', (command) => {
    expect(allowsCommand(rule, command)).toBe(false)
  })

  it('allows nothing without a rule, nor by an empty one', () => {
    expect(allowsCommand([], ['node'])).toBe(false)
    expect(allowsCommand([[]], ['node'])).toBe(false)
  })

  it('allows every command where any is allowed', () => {
    expect(allowsCommand('any', ['sh'])).toBe(true)
  })
})

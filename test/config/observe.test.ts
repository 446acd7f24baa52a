import { afterAll, describe, expect, it } from 'vitest'
import { describe as describeConfig } from '../../src/policy/describe.ts'
import { createWorkspace } from './workspace.ts'

const workspace = createWorkspace()
afterAll(() => workspace.remove())

describe('observe', () => {
  it('is warned of, and makes a role unbounded whatever it lists', () => {
    const loaded = workspace.loadWith({ 6: '  observer: {allow: [read], observe: true}' })
    const { roles, warnings } = describeConfig(loaded)
    expect(warnings.join('\n')).toMatch(
      /6:\d+: roles.observer.observe: OBSERVES ONLY: what this role refuses is written down and let through; whoever has it is root on the host/,
    )
    expect(roles).toMatchObject([{ name: 'observer', observe: true, unbounded: true, waysToRoot: [{ by: 'observe' }] }])
  })

  it('says nothing where it is false', () => {
    const { roles, warnings } = describeConfig(workspace.loadWith({ 6: '  observer: {allow: [read], observe: false}' }))
    expect([warnings, roles[0]?.unbounded]).toEqual([[], false])
  })

  it.each([
    [
      'own objects',
      { 1: 'ledger: {file: a.sqlite}\nlisteners:', 6: '  observer: {allow: [read], objects: own, observe: true}' },
      'roles.observer.observe: a role for own objects changes what is sent and what is answered',
    ],
    [
      'plain TCP beyond loopback',
      { 2: '  - address: 0.0.0.0:2375', 6: '  observer: {allow: [read], observe: true}' },
      'listeners[0].address: plain TCP on 0.0.0.0 would carry tokens over the network in the clear',
    ],
    ['a word', { 6: '  observer: {allow: [read], observe: yes please}' }, 'roles.observer.observe: '],
    ['a slip of the key', { 6: '  observer: {allow: [read], obsreve: true}' }, 'did you mean "observe"'],
  ])('is refused with %s', (_, lines, message) => {
    expect(workspace.problemsWith(lines as Record<number, string>).join('\n')).toContain(message)
  })
})

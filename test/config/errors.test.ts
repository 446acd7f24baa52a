import { describe, expect, it } from 'vitest'
import { ConfigError, formatPath, formatProblem } from '../../src/config/errors.ts'

describe('a problem', () => {
  it('is one line that an editor can jump to', () => {
    const problem = {
      file: 'dockgate.yaml',
      line: 12,
      column: 5,
      path: 'roles.ci.allow[1]',
      message: '"raed" is nothing',
    }
    expect(formatProblem(problem)).toBe('dockgate.yaml:12:5: roles.ci.allow[1]: "raed" is nothing')
  })

  it('leaves away what it does not have', () => {
    const nowhere = { file: 'dockgate.yaml', line: 0, column: 0, path: '', message: 'does not exist' }
    expect(formatProblem(nowhere)).toBe('dockgate.yaml: does not exist')
    expect(formatProblem({ ...nowhere, file: '', path: 'engine' })).toBe('engine: does not exist')
  })

  it('is a line of the error that holds it', () => {
    const problem = { file: 'f', line: 1, column: 1, path: '', message: 'bad' }
    expect(new ConfigError([problem, { ...problem, line: 2 }]).message).toBe('f:1:1: bad\nf:2:1: bad')
  })
})

it('a path is written as people write it', () => {
  expect(formatPath([])).toBe('')
  expect(formatPath(['roles', 'ci', 'allow', 1])).toBe('roles.ci.allow[1]')
  expect(formatPath(['roles', 'a.b', 'allow'])).toBe('roles["a.b"].allow')
  expect(formatPath(['a\n"'])).toBe('["a\\\\u{a}\\""]')
})

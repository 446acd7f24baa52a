import { describe, expect, it } from 'vitest'
import { readInherited } from '../../src/listen/inherited.ts'

const passed = (names: string, more: NodeJS.ProcessEnv = {}) =>
  readInherited({ LISTEN_FDS: String(names.split(':').length), LISTEN_PID: '7', LISTEN_FDNAMES: names, ...more }, 7)

describe('the sockets that were passed', () => {
  it('are found by their names', () => {
    const sockets = passed('plain:tls')
    expect([sockets.take('tls'), sockets.take('plain')]).toEqual([4, 3])
  })

  it('are called "unknown" when they have no names', () => {
    const sockets = readInherited({ LISTEN_FDS: '1', LISTEN_PID: '7' }, 7)
    expect([sockets.names, sockets.take('unknown')]).toEqual([['unknown'], 3])
  })

  it('leave no variable for a child', () => {
    const env = { LISTEN_FDS: '1', LISTEN_PID: '8', LISTEN_FDNAMES: 'a', PATH: '/bin' }
    readInherited(env, 7)
    expect(env).toEqual({ PATH: '/bin' })
  })

  it('are told apart from those that no listener uses', () => {
    const sockets = passed('a:b')
    sockets.take('b')
    expect(sockets.unused()).toEqual(['a'])
  })

  it.each([
    ['-1', []],
    ['0', []],
    ['1e3', []],
    ['99999', []],
    ['', []],
  ])('count for none when LISTEN_FDS is %j', (count, names) => {
    expect(passed('a', { LISTEN_FDS: count }).names).toEqual(names)
  })

  it.each([
    [
      'none is there',
      () => readInherited({}, 7),
      'no socket was passed to this process: start dockgate by a .socket unit with FileDescriptorName=gate',
    ],
    [
      'they are for another process',
      () => passed('gate', { LISTEN_PID: '8' }),
      'no socket was passed to this process (LISTEN_PID is "8" and this is process 7): start',
    ],
    [
      'none has the name',
      () => passed('gates:x:x'),
      'no socket with the name "gate" was passed, but "gates", "x"; did you mean "gates"?',
    ],
    [
      'several have the name',
      () => passed('gate:gate'),
      '2 sockets were passed with the name "gate"; write each ListenStream= into a .socket unit of its own',
    ],
  ])('are an error that says what is there when %s', (_, sockets, message) => {
    expect(() => sockets().take('gate')).toThrow(message)
  })

  it('are handed out once: whoever has closed one cannot open it again', () => {
    const sockets = passed('gate')
    sockets.take('gate')
    expect(() => sockets.take('gate')).toThrow('handed out already and cannot be opened anew: restart dockgate')
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseGroups } from '../../src/doctor/accounts.ts'
import { parseEnvFile } from '../../src/doctor/env-file.ts'
import { parseFlags } from '../../src/doctor/flags.ts'
import { isLocal, parseHost, shown } from '../../src/doctor/hosts.ts'
import { parseProcNet } from '../../src/doctor/proc-net.ts'
import { listSetting, parseUnitFile } from '../../src/doctor/unit-file.ts'
import { joinWords, splitWords } from '../../src/doctor/words.ts'

const text = fc.string({ unit: fc.constantFrom(...'ab=$%"\'\\;# \t\n[]-H') })

describe('unit files', () => {
  it('reads assignments with their section and line', () => {
    expect(parseUnitFile('# x\n[Unit]\nA = b c \n\n[Service]\nExecStart=/bin/x\n')).toEqual([
      { section: 'Unit', key: 'A', value: 'b c', line: 3 },
      { section: 'Service', key: 'ExecStart', value: '/bin/x', line: 6 },
    ])
  })

  it('joins continuation lines with a space, past comments between them', () => {
    const lines = parseUnitFile('[Service]\nExecStart=/bin/x \\\n# not this\n  ; nor this\n  -H fd://\nType=notify\n')
    expect(lines.map(({ value, line }) => [value.split(/\s+/), line])).toEqual([
      [['/bin/x', '-H', 'fd://'], 2],
      [['notify'], 6],
    ])
  })

  it('takes two backslashes at the end of a line for an escaped one', () => {
    expect(parseUnitFile('[S]\nA=x\\\\\nB=y').map(({ key }) => key)).toEqual(['A', 'B'])
  })

  it('leaves out what stands before a section or has no "="', () => {
    expect(parseUnitFile('A=1\n[S]\nnonsense\n=2\nB=3')).toEqual([{ section: 'S', key: 'B', value: '3', line: 5 }])
  })

  it('forgets what an empty assignment clears', () => {
    const lines = parseUnitFile('[Service]\nExecStart=a\nExecStart=\nExecStart=b\nExecStart=c')
    expect(listSetting(lines, 'Service', 'ExecStart').map(({ value }) => value)).toEqual(['b', 'c'])
  })

  it('reads any value again, broken into lines wherever it has a blank', () => {
    const words = fc.array(fc.stringMatching(/^[a-z:/.=$%"'-]{1,8}$/), { minLength: 1 })
    fc.assert(
      fc.property(words, (value) => {
        const [line, ...more] = parseUnitFile(`[S]\nK=${value.join(' \\\n')}\nL=end`)
        expect(line?.value.split(/\s+/)).toEqual(value)
        expect(more.map(({ key }) => key)).toEqual(['L'])
      }),
    )
  })

  it('reads any text', () => {
    fc.assert(fc.property(text, (any) => void parseUnitFile(any)))
  })
})

describe('command lines', () => {
  it.each([
    ['a  b\tc', ['a', 'b', 'c']],
    [`"a b" 'c d' e"f g"h`, ['a b', 'c d', 'ef gh']],
    [String.raw`a\x20b a\sb a\040b \u00e9 \q`, ['a b', 'a b', 'a b', 'é', '\\q']],
    [`"" ''`, ['', '']],
    ['%h $A ${B}', ['%h', '$A', '${B}']],
    [`"it's" 'say "x"'`, ["it's", 'say "x"']],
    [String.raw`\x00 \UFFFFFFFF \x2`, ['\\x00', '\\UFFFFFFFF', '\\x2']],
  ])('splits %j', (line, words) => {
    expect(splitWords(line)).toEqual(words)
  })

  it('splits again what it joined, on one line', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(text, fc.string({ unit: 'binary' })), { maxLength: 5 }), (words) => {
        const line = joinWords(words)
        expect(line).not.toMatch(/[\r\n]/)
        expect(splitWords(line)).toEqual(words)
      }),
    )
  })
})

describe('environment files', () => {
  it.each([
    ['A=b', [['A', 'b', 1]]],
    ['# A=1\n; B=2\n\nC=3 ', [['C', '3', 4]]],
    ['A="-H x -H y"', [['A', '-H x -H y', 1]]],
    ["A='$(reboot) `reboot`'", [['A', '$(reboot) `reboot`', 1]]],
    [
      'A="one\ntwo"\nB=c',
      [
        ['A', 'one\ntwo', 1],
        ['B', 'c', 3],
      ],
    ],
    [
      'A=x\\\n  y\nB=c',
      [
        ['A', 'x  y', 1],
        ['B', 'c', 3],
      ],
    ],
    ['export A=1', [['export A', '1', 1]]],
    ['A="a\\"b\\n"', [['A', 'a"b\\n', 1]]],
    ['A=  b c\t\nnot one', [['A', 'b c', 1]]],
    [
      'A=b\r\nC="d"\r\n',
      [
        ['A', 'b', 1],
        ['C', 'd', 2],
      ],
    ],
  ])('reads %j', (file, lines) => {
    expect(parseEnvFile(file).map(({ key, value, line }) => [key, value, line])).toEqual(lines)
  })

  it('reads any quoted value again, and the line behind it', () => {
    fc.assert(
      fc.property(text, (value) => {
        const body = value.replace(/["\\$`]/g, '\\$&')
        const lines = parseEnvFile(`A="${body}"\nB=end\n`)
        expect(lines.map((one) => [one.key, one.value])).toEqual([
          ['A', value],
          ['B', 'end'],
        ])
      }),
    )
  })

  it('reads any text, and every line number is one of the text', () => {
    fc.assert(
      fc.property(text, (any) => {
        const count = any.split('\n').length
        for (const { line } of parseEnvFile(any)) expect(line).toBeLessThanOrEqual(count)
      }),
    )
  })
})

describe("dockerd's flags", () => {
  const host = [{ option: 'hosts', value: 'x' }]
  it.each([
    ['-H x', host],
    ['-Hx', host],
    ['-H=x', host],
    ['-DH x', host],
    ['-DHx', host],
    ['--host x', host],
    ['--host=x', host],
    ['-D -l debug -H x', host],
    [
      '--tlsverify --tls=0',
      [
        { option: 'tlsverify', value: 'true' },
        { option: 'tls', value: 'false' },
      ],
    ],
    [
      '--icc=false -G admins',
      [
        { option: 'icc', value: 'false' },
        { option: 'group', value: 'admins' },
      ],
    ],
    ['-g -H x', [] as unknown[]],
    ['-- -H x', []],
    ['-H', []],
    ['x --unknown --', []],
  ])('reads %s', (line, found) => {
    const flags = parseFlags(line.split(' '))
    expect(flags.map(({ option, value }) => ({ option, value }))).toEqual(found)
  })

  it('reads any words, and its findings are within them', () => {
    const words = fc.array(fc.oneof(text, fc.constantFrom('-H', '--host', '--tls', '-D', '--', '--tlskey')))
    fc.assert(
      fc.property(words, (any) => {
        let end = 0
        for (const { at, words: count } of parseFlags(any)) {
          expect(at).toBeGreaterThanOrEqual(end)
          end = at + count
        }
        expect(end).toBeLessThanOrEqual(any.length)
      }),
    )
  })
})

describe('hosts', () => {
  it.each([
    ['fd://', false, { kind: 'fd' }],
    ['unix://', false, { kind: 'unix', path: '/var/run/docker.sock' }],
    ['unix:///run/x.sock', false, { kind: 'unix', path: '/run/x.sock' }],
    ['tcp://0.0.0.0', false, { kind: 'tcp', host: '0.0.0.0', port: 2375 }],
    ['tcp://0.0.0.0', true, { kind: 'tcp', host: '0.0.0.0', port: 2376 }],
    ['tcp://:2375', false, { kind: 'tcp', host: 'localhost', port: 2375 }],
    ['tcp://[::]:4243', false, { kind: 'tcp', host: '::', port: 4243 }],
    ['10.0.0.1:99', false, { kind: 'tcp', host: '10.0.0.1', port: 99 }],
    ['npipe:////./pipe/x', false, { kind: 'other' }],
  ])('reads %s', (host, tls, meant) => {
    expect(parseHost(host, tls)).toEqual(meant)
  })

  it('knows which addresses only this machine reaches', () => {
    expect(['127.0.0.1', '::1', 'localhost', '0:0:0:0:0:0:0:1', '0:0:0:0:0:ffff:7f00:1'].every(isLocal)).toBe(true)
    expect(['0.0.0.0', '::', '10.1.2.3', 'docker.acme.io', '0:0:0:0:0:ffff:a00:1'].some(isLocal)).toBe(false)
  })

  it('reads again what it shows', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 1, max: 65535 }), (host, port) => {
        expect(parseHost(`tcp://${shown(host, port)}`, false)).toEqual({ kind: 'tcp', host, port })
      }),
    )
  })
})

describe('tables of sockets', () => {
  const row = (address: string, state: string, inode: number) =>
    `   0: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 100 0 0 10 0`

  it('reads what listens, and nothing else', () => {
    const table = ['  sl', row('0100007F:0947', '0A', 7), row('0100007F:1000', '01', 8), 'rubbish', ''].join('\n')
    expect(parseProcNet(table)).toEqual([{ host: '127.0.0.1', port: 2375, inode: '7' }])
  })

  it('reads IPv6', () => {
    const table = ['  sl', row('00000000000000000000000001000000:0948', '0A', 9)].join('\n')
    expect(parseProcNet(table)).toEqual([{ host: '0:0:0:0:0:0:0:1', port: 2376, inode: '9' }])
  })

  it('reads any IPv4 address and port', () => {
    const byte = fc.integer({ min: 0, max: 255 })
    fc.assert(
      fc.property(fc.tuple(byte, byte, byte, byte), fc.integer({ min: 0, max: 65535 }), (bytes, port) => {
        const hex = Buffer.from([...bytes].reverse())
          .toString('hex')
          .toUpperCase()
        const digits = port.toString(16).toUpperCase().padStart(4, '0')
        expect(parseProcNet(`h\n${row(`${hex}:${digits}`, '0A', 1)}`)).toEqual([
          { host: bytes.join('.'), port, inode: '1' },
        ])
      }),
    )
  })

  it('reads any text', () => {
    fc.assert(fc.property(fc.string(), (any) => void parseProcNet(any)))
  })
})

describe('groups', () => {
  it('has those that are listed and those whose primary group it is', () => {
    const groups = parseGroups(
      'docker:x:998:bob, alice\nbad:x:\n# c:x:1:\n',
      'carol:x:1:998::/:/bin/sh\ndan:x:2:5::/:/bin/sh\n',
    )
    expect(groups).toEqual([{ name: 'docker', gid: 998, members: ['alice', 'bob', 'carol'] }])
  })

  it('reads any text', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (one, other) => void parseGroups(one, other)))
  })
})

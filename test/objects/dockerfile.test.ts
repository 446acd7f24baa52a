import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { imagesNamed, imagesTriggered } from '../../src/objects/build/dockerfile.ts'

const named = (text: string, given: Record<string, string> = {}) =>
  imagesNamed(text, new Map(Object.entries(given))).map(({ line, image }) => `${line} ${image}`)

describe('images that a Dockerfile names', () => {
  test.each([
    ['one', 'FROM busybox:1\nRUN true', ['1 busybox:1']],
    ['in any case and with space before', '  from  busybox ', ['1 busybox']],
    ['behind comments and directives', '# syntax=x\n# note\n\nFROM a', ['4 a']],
    ['for a platform', 'FROM --platform=linux/amd64 a', ['1 a']],
    ['of every stage', 'FROM a AS x\nFROM b', ['1 a', '2 b']],
    ['but for stages before', 'FROM a AS Build\nFROM build\nCOPY --from=BUILD /x /y\nCOPY --from=0 /x /y', ['1 a']],
    ['and stages that come later', 'FROM later\nFROM a AS later', ['1 later', '2 a']],
    ['of the name of the stage that it stands in', 'FROM a AS b\nCOPY --from=b /x /y', ['1 a', '2 b']],
    ['of the number of the stage that it stands in', 'FROM a\nCOPY --from=0 /x /y', ['1 a', '2 0']],
    [
      'in lines that only one mixture of readings begins',
      'FROM a\nRUN x \\\n  # y \\\\\nCOPY --from=b /x /y',
      ['1 a', '4 b'],
    ],
    ['of numbers beyond the stages', 'FROM a\nCOPY --from=1 /x /y', ['1 a', '2 1']],
    [
      'that files are copied from',
      'FROM a\nCOPY --chown=1 --from=b /x /y\nADD --from=c:2 /x /y',
      ['1 a', '2 b', '3 c:2'],
    ],
    ['in words that continue in the next line', 'FR\\\nOM a\nCOPY \\\n  --from=b \\\n# note\n  /x /y', ['1 a', '3 b']],
    [
      'with an indented comment inside, which parsers read in two ways',
      'FROM a\nRUN x \\\n  # note\nFROM b',
      ['1 a', '4 b'],
    ],
    ['with two backslashes, which parsers read in two ways', 'FROM a\nRUN x \\\\\nFROM b', ['1 a', '3 b']],
    ['when another image is made of it', 'FROM a\nONBUILD COPY --from=b /x /y\nONBUILD FROM c', ['1 a', '2 b', '3 c']],
    ['not the empty one', 'FROM scratch\nCOPY . .', []],
    ['not in JSON', 'FROM a\nCOPY ["--from=b", "/y"]', ['1 a']],
    ['after a byte order mark', '\ufeffFROM a', ['1 a']],
    ['with carriage returns', 'FROM a\r\nCOPY --from=b /x /y\r\n', ['1 a', '2 b']],
  ])('%s', (_, text, images) => {
    expect(named(text)).toEqual(images)
  })

  test.each([
    ['a default', 'ARG X=a\nFROM $X', {}, ['2 a']],
    ['what is given', 'ARG X=a\nFROM ${X}:1', { X: 'b' }, ['2 b:1']],
    ['nothing', 'ARG X\nFROM a$X', {}, ['2 a']],
    ['a default of the use', 'ARG X\nFROM ${X:-b}', {}, ['2 b']],
    ['another of the use', 'ARG X=1\nFROM ${X:+b}', {}, ['2 b']],
    ['nothing that was not declared', 'FROM a${X}', { X: 'b' }, ['1 a']],
    ['nothing that was declared in a stage', 'FROM a\nARG X=b\nFROM c$X', {}, ['1 a', '3 c']],
  ] as const)('by arguments: %s', (_, text, given, images) => {
    expect(named(text, given)).toEqual(images)
  })

  test.each([
    ['an escape directive', '# escape=`\nFROM a'],
    ['quotes', 'FROM "a"'],
    ['a backslash inside', 'FROM a\\b'],
    ['a default in quotes', 'ARG X="a"\nFROM $X'],
    ['another operator', 'ARG X\nFROM ${X#a}'],
    ['a flag in quotes', 'FROM a\nCOPY "x" y\nCOPY --fr"om=b" /x /y'],
    ['a flag with a backslash', 'FROM --platform=a\\ b evil'],
    ['a variable to copy from', 'FROM a\nARG X\nCOPY --from=$X /x /y'],
    ['a NEL, which is space to Go alone', '\u0085FROM a'],
    ['a byte order mark inside, which is space to JavaScript alone', 'FROM a\nRUN x \\\n\ufeff\nCOPY --from=b /x /y'],
    ['a carriage return inside a line', 'FROM a\r\r\n'],
    ['an argument that is declared twice', 'ARG X=a\nARG X\nFROM $X'],
    ['an argument with other letters than ASCII', 'ARG X=aàY=b\nFROM ${Y:-c}'],
    ['a flag with other letters than ASCII', 'FROM a\nCOPY --chown=à--from=b /x /y'],
    ['an instruction with other letters than ASCII', 'FROM a\nONBUİLD COPY --from=b /x /y'],
    ['a stage with a name that is none', 'FROM a AS b:1\nFROM b:1'],
    ['an escape directive with a form feed', '#\fescape=`\nFROM a'],
    ['a here-document', 'FROM a\nRUN <<EOF\nFROM b AS c\nEOF\nFROM c'],
  ])('are not told from %s', (_, text) => {
    expect(() => named(text)).toThrow(/cannot be read without doubt|in several ways|not taken|BuildKit/)
  })

  test('are told of triggers', () => {
    expect(imagesTriggered(['COPY --from=b /x /y', 'RUN true']).map(({ image }) => image)).toEqual(['b'])
  })

  test('a stage that only one parser sees hides no image from the other', () => {
    expect(named('FROM a\nRUN x \\\n  # note\nFROM b AS secret\n\nFROM secret')).toContain('6 secret')
  })

  test('whatever stands between instructions hides none', () => {
    const filler = fc.array(
      fc.constantFrom(
        'RUN true',
        '# FROM x',
        '',
        '   ',
        'ENV A=b',
        'RUN a \\',
        '  # c',
        '\\',
        'LABEL "a"="b"',
        'RUN echo \\\\',
      ),
      { maxLength: 8 },
    )
    fc.assert(
      fc.property(filler, (lines) => {
        const text = ['FROM first', ...lines, 'RUN end', 'COPY --from=last /x /y'].join('\n')
        expect(named(text).some((image) => image.endsWith(' last'))).toBe(true)
      }),
    )
  })

  test('any text is read or refused', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        try {
          named(text)
        } catch (error) {
          expect((error as Error).constructor.name).toBe('UnreadableDockerfile')
        }
      }),
    )
  })
})

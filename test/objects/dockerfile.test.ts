import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { imagesNamed, imagesTriggered } from '../../src/objects/build/dockerfile.ts'
import { UnreadableDockerfile } from '../../src/objects/build/lines.ts'
import { processorMs } from '../support/processor.ts'

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
    ['of the number of the stage that it stands in', 'FROM a\nCOPY --from=0 /x /y', ['1 a', '2 0']],
    [
      'in lines that only one mixture of readings begins',
      'FROM a\nRUN x \\\n  # y \\\\\nCOPY --from=b /x /y',
      ['1 a', '4 b'],
    ],
    ['of numbers beyond the stages', 'FROM a\nCOPY --from=1 /x /y', ['1 a', '2 1']],
    [
      'and the one that is being built, which means an image yet',
      'FROM a AS x\nCOPY --from=x /x /y\nFROM b\nCOPY --from=x /x /y',
      ['1 a', '2 x', '3 b'],
    ],
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
    ['in quotes', `ARG X="a" Y='b'\nFROM $X\nFROM $Y`, {}, ['2 a', '3 b']],
    ['of others before', 'ARG V=1\nARG X="a:${V}"\nFROM $X', { V: '2' }, ['3 a:2']],
    ['as it is, in single quotes', "ARG X='a'\nFROM ${X}$X", {}, ['2 aa']],
    ['unclear ones, where none is used', 'ARG X="-a -b"\nARG Y=a\\ b\nFROM a', {}, ['3 a']],
  ] as const)('by arguments: %s', (_, text, given, images) => {
    expect(named(text, given)).toEqual(images)
  })

  test.each([
    ['an escape directive', '# escape=`\nFROM a'],
    ['quotes', 'FROM "a"'],
    ['a backslash inside', 'FROM a\\b'],
    ['arguments beside an unclear one', 'ARG X="a Y=b"\nARG Y=c\nFROM $Y'],
    ['an argument whose default is not', 'ARG X=${Y#a}\nFROM $X'],
    ['an argument that is not declared', 'FROM a${X}'],
    ['an argument that was declared in a stage', 'FROM a\nARG X=b\nFROM c$X'],
    ['an argument of every build', 'FROM a$HTTP_PROXY'],
    ['an argument that grows', 'ARG X=12345678901234567890\nFROM '.concat('$X'.repeat(100))],
    ['another operator', 'ARG X\nFROM ${X#a}'],
    ['a flag in quotes', 'FROM a\nCOPY "x" y\nCOPY --fr"om=b" /x /y'],
    ['a flag with a backslash', 'FROM --platform=a\\ b evil'],
    ['a variable to copy from', 'FROM a\nARG X\nCOPY --from=$X /x /y'],
    ['a carriage return inside a line', 'FROM a\r\r\n'],
    ['an argument that is declared twice', 'ARG X=a\nARG X\nFROM $X'],
    ['an argument with other letters than ASCII', 'ARG X=aàY=b\nFROM ${Y:-c}'],
    ['a stage with a name that is none', 'FROM a AS b:1\nFROM b:1'],
    ['a here-document', 'FROM a\nRUN <<EOF\nFROM b AS c\nEOF\nFROM c'],
    ['what may be one', 'FROM a\nRUN ${x:-<<EOF}\nFROM b AS c\nEOF\nFROM c'],
    ['an escape directive behind another white space', '#\fescape=`\nFROM a'],
    ['an escape directive in capitals', '# syntax=x\n#\u0085 Escape = `\nFROM a'],
    ['a flag that another space ends', 'FROM a\nCOPY --chown=1\u0085--from=b /x /y'],
    ['a flag with what has the byte of a space in it', 'FROM a\nCOPY --chown=\u00e0--from=b /x /y'],
    ['a flag whose value is the next word', 'FROM a\nCOPY --from b /x /y'],
    ['a flag behind another space', 'FROM a\nCOPY \u0085--from=b /x /y'],
    ['a platform that another space ends', 'FROM --platform=linux/amd64\u0085b as x'],
    ['a word that another space ends', 'FROM a\u0085b'],
    ['letters that Go lowers', 'FROM a\nONBU\u0130LD COPY --from=b /x /y'],
    ['several carriage returns', 'FROM a\nRUN x \\\r\r\nFROM b AS c\nFROM c'],
    ['a line that no engine reads', `FROM a\nRUN ${'x'.repeat(65_536)}`],
  ])('are not told from %s', (_, text) => {
    expect(() => named(text)).toThrow(UnreadableDockerfile)
  })

  test.each([
    ['COPY --from=b /x /y'],
    ['\nCOPY --from=b /x /y'],
    ['# note\nCOPY --from=b /x /y'],
    ['COPY \\\n--from=b /x /y'],
    ['\ufeffCOPY --from=b /x /y'],
  ])('are told of the trigger %j', (trigger) => {
    expect(imagesTriggered([trigger, 'RUN true']).map(({ image }) => image)).toEqual(['b'])
  })

  test('are not told of triggers with an escape directive', () => {
    expect(() => imagesTriggered(['# escape=`\nCOPY `\n--from=b /x /y'])).toThrow('escape')
  })

  test.each([
    ['\ufeff', 'a byte order mark alone is no empty line'],
    ['\ufeff# x', 'one before a comment makes none of it'],
  ])('behind a continued line and %j are told: %s', (between) => {
    expect(named(`FROM a\nRUN x \\\n${between}\nFROM b`)).toContain('4 b')
  })

  test('the white space of Go before an instruction hides none', () => {
    expect(named('FROM a\n\u0085FROM b\n\u3000\vFROM c')).toEqual(['1 a', '2 b', '3 c'])
  })

  test('a line full of spaces takes no time', () => {
    const line = `RUN ${' '.repeat(60_000)}x`
    expect(processorMs(() => named(`FROM a\n${Array(16).fill(line).join('\n')}`))).toBeLessThan(2000)
  })

  test('platforms are told', () => {
    const [image] = imagesNamed('ARG P=linux/arm64\nFROM --platform=$P a', new Map())
    expect(image?.platform).toBe('linux/arm64')
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

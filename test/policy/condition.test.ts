import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileCondition } from '../../src/policy/condition.ts'
import type { RequestFacts } from '../../src/policy/types.ts'
import { CERTIFICATE, claimsOf, principalWith, REQUEST } from './fixtures.ts'

function evaluate(
  condition: string,
  part: Parameters<typeof principalWith>[0] = {},
  request: Partial<RequestFacts> = {},
) {
  const compiled = compileCondition(condition)
  if ('problem' in compiled) throw new Error(compiled.problem)
  return compiled.evaluate(principalWith(part), { ...REQUEST, ...request })
}

const matches = (...given: Parameters<typeof evaluate>): boolean => evaluate(...given).holds

describe('a condition over claims', () => {
  const claims = {
    repository: 'acme/app',
    ref: 'refs/heads/main',
    run_attempt: 1,
    ratio: 1.5,
    large: 1e300,
    negative: -3,
    admin: true,
    nothing: null,
    groups: ['dev', 'ops'],
    numbers: [1, 2],
    mixed: [1, 'dev', null],
    empty: [],
    realm_access: { roles: ['builder'], level: 2 },
  }

  it.each([
    'claims.repository == "acme/app"',
    'claims["repository"] == "acme/app"',
    'claims.repository == "acme/app" && claims.ref == "refs/heads/main"',
    'claims.ref.startsWith("refs/heads/")',
    'claims.ref.endsWith("/main")',
    'claims.ref.contains("heads")',
    'claims.repository.split("/")[0] == "acme"',
    'claims.ref in ["refs/heads/main", "refs/heads/release"]',
    '"ops" in claims.groups',
    '"dev" in claims.mixed',
    'claims.groups == ["dev", "ops"]',
    'claims.groups.exists(group, group == "ops")',
    'claims.groups.all(group, group.size() == 3)',
    'size(claims.groups) == 2',
    'claims.empty.size() == 0',
    '"builder" in claims.realm_access.roles',
    'claims.realm_access.level == 2',
    'has(claims.repository)',
    'has(claims.realm_access.roles)',
    '!has(claims.actor)',
    '"repository" in claims',
    '!("actor" in claims)',
    'claims.nothing == null',
    'claims.admin == true',
    'claims.admin && true',
    'claims.missing == "x" || claims.admin',
    'type(claims.groups) == list',
    'subject == "repo:acme/app"',
    'issuer == "github"',
  ])('matches: %s', (condition) => {
    expect(matches(condition, { claims })).toBe(true)
  })

  it.each([
    'claims.run_attempt == 1',
    'claims.run_attempt == 1.0',
    'claims.run_attempt != 2',
    'claims.run_attempt < 2 && claims.run_attempt >= 1',
    'claims.run_attempt < 1.5',
    'claims.run_attempt in [1, 2]',
    'claims.run_attempt + 1 == 2',
    'claims.run_attempt % 2 == 1',
    '1 in claims.numbers',
    'claims.numbers == [1, 2]',
    'claims.negative == -3',
    'claims.ratio == 1.5',
    'claims.ratio > 1',
    'claims.large > 1',
    'claims.realm_access.level + 1 == 3',
    'string(claims.run_attempt) == "1"',
  ])('compares JSON numbers by value: %s', (condition) => {
    expect(matches(condition, { claims })).toBe(true)
  })

  it.each([
    ['a claim that is not there', 'claims.actor == "x"'],
    ['a claim that is not there, denied', 'claims.actor != "x"'],
    ['a claim that is not there, with !', '!(claims.actor == "x")'],
    ['a claim that is not there, in a list', '!(claims.actor in ["x"])'],
    ['a part of a claim that is not there', 'claims.realm_access.none.deep == "x"'],
    ['has() below a claim that is not there', '!has(claims.none.deep)'],
    ['a claim of another type', 'claims.run_attempt.startsWith("1")'],
    ['a claim of another type, denied', '!claims.groups.startsWith("1")'],
    ['text where a list is expected', '"acme" in claims.repository'],
    ['a number where a list is expected', '"acme" in claims.run_attempt'],
    ['an index beyond the list', 'claims.groups[7] == "x"'],
    ['a division by zero', '1 / 0 == 1 || claims.run_attempt / 0 == 1'],
    ['a claim that is no boolean', 'claims.repository && true'],
    ['the number 1 as true', 'claims.run_attempt == true'],
    ['"1" as 1', 'claims.run_attempt == "1"'],
  ])('takes an error for a non-match: %s', (_what, condition) => {
    expect(matches(condition, { claims })).toBe(false)
  })
})

describe('a condition over the certificate', () => {
  it.each([
    'cert.subject == "CN=ops,O=acme"',
    'cert.commonName == "ops"',
    'cert.serial == "0A1B"',
    'cert.issuer.endsWith("O=acme")',
    `cert.fingerprint == "${CERTIFICATE.fingerprint}"`,
    '"ops.acme.io" in cert.dns',
    'cert.uri.exists(id, id.startsWith("spiffe://acme.io/"))',
    'cert.email == ["ops@acme.io"]',
    'size(cert.dns) == 1 && cert.dns[0].endsWith(".acme.io")',
  ])('matches: %s', (condition) => {
    expect(matches(condition, { certificate: CERTIFICATE })).toBe(true)
    expect(matches(condition)).toBe(false)
  })

  it('finds every fact empty without a certificate', () => {
    const empty = 'cert.subject + cert.commonName + cert.serial + cert.fingerprint == ""'
    expect(matches(`${empty} && cert.dns == [] && size(cert.uri) + size(cert.email) == 0`)).toBe(true)
  })
})

describe('a condition over the request', () => {
  it.each([
    'request.listener == "public"',
    'request.operation == "ContainerList"',
    'request.address == "192.0.2.7"',
    'request.address.inNetwork("192.0.2.0/24") && !request.address.inNetwork("192.0.3.0/24")',
    'request.time.getHours() == 16 && request.time.getHours("Europe/Berlin") == 17',
    'request.time.getDayOfWeek("Europe/Berlin") in [1, 2, 3, 4, 5]',
    'request.time < timestamp("2027-02-01T00:00:00+01:00")',
    'request.time.getDate() == 29 && request.time.getFullYear() == 2027',
  ])('matches, and says that it must be asked each time: %s', (condition) => {
    expect(evaluate(condition)).toEqual({ holds: true, error: null, claimMissing: false })
    expect(compileCondition(condition)).toHaveProperty('perRequest', true)
  })

  it.each([
    ['::ffff:10.1.2.3', '10.0.0.0/8', true],
    ['2001:db8::7', '2001:db8::/32', true],
    ['2001:db9::7', '2001:db8::/32', false],
    ['10.1.2.3', '::/0', false],
    ['::7', '0.0.0.0/0', false],
    ['', '0.0.0.0/0', false],
  ])('finds %j of %s: %s', (address, network, expected) => {
    expect(matches(`request.address.inNetwork("${network}")`, {}, { address })).toBe(expected)
  })

  it('is told from one that looks at the principal alone', () => {
    for (const text of ['true', 'claims.request == "x"', 'subject == "request"', 'has(claims.request)']) {
      expect(compileCondition(text)).toHaveProperty('perRequest', false)
    }
    for (const text of ['has(request.listener)', 'claims.a == "x" ? true : request.listener in ["x"]']) {
      expect(compileCondition(text)).toHaveProperty('perRequest', true)
    }
  })
})

describe('an error in a condition', () => {
  it.each([
    ['claims.run_attempt + "x" == "y"', { run_attempt: 1 }, 'no such overload: dyn<int> + string'],
    ['claims.run_attempt.startsWith("x")', { run_attempt: 1 }, 'found no matching overload'],
    ['claims.groups[7] == "x"', { groups: [] }, 'No such key: index out of bounds'],
  ])('is a non-match that says why: %s', (condition, claims, why) => {
    const error = expect.stringContaining(why)
    expect(evaluate(condition, { claims })).toEqual({ holds: false, error, claimMissing: false })
  })

  it('is told from a claim that is not there, which is how conditions tell tokens apart', () => {
    expect(evaluate('claims.environment == "production"').claimMissing).toBe(true)
    expect(evaluate('claims.realm.roles == ["x"]', { claims: { realm: {} } }).claimMissing).toBe(true)
  })
})

describe('a condition that cannot be right', () => {
  it.each([
    ['claims.ref = "x"', 'not a CEL condition: Unexpected character: =', 11],
    ['claims.ref == "x', 'not a CEL condition: ', undefined],
    ['claim.ref == "x"', 'not a CEL condition: Unknown variable: claim', 0],
    ['true && claim.ref == "x"', 'not a CEL condition: Unknown variable: claim', 8],
    ['subject == 1', 'not a CEL condition: no such overload: string == int', undefined],
    ['subject.foo == "x"', "not a CEL condition: Cannot index type 'string'", undefined],
    ['cert.dns == "x"', 'not a CEL condition: no such overload: list<string> == string', undefined],
    ['cert.commonname == "x"', 'not a CEL condition: No such key: commonname', undefined],
    ['subject.startWith("x")', 'not a CEL condition: found no matching overload', undefined],
    ['claims.ref', 'the condition yields dyn, not bool: compare it', undefined],
    ['"x"', 'the condition yields string, not bool', undefined],
    ['claims.groups.map(g, g)', 'the condition yields list', undefined],
    [
      'claims.ref.matches("(a+)+$")',
      'the function "matches" is not known here; use ==, in, startsWith, endsWith or contains',
      0,
    ],
    ['subject.matches("x")', 'the function "matches" is not known here', 0],
    ['claims.groups.exists(g, g.matches("x"))', 'the function "matches" is not known here', 24],
    ['subject.lowerAscii() == "x"', 'the function "lowerAscii" is not known here', 0],
    ['request.time == timestamp(subject)', 'timestamp wants a time such as "2027-01-31T18:00:00Z", written in the', 26],
    ['request.time < timestamp("tomorrow")', 'timestamp wants a time such as', 25],
    ['request.time < timestamp(7)', 'timestamp wants a time such as', 25],
    ['request.time.getHours("Mars/Olympus") < 3', 'getHours wants a time zone such as "Europe/Berlin"', 22],
    ['request.address.inNetwork("10.0.0.0")', 'inNetwork wants a network such as "10.0.0.0/8"', 26],
    ['request.address.inNetwork("10.0.0.0/33")', 'inNetwork wants a network', 26],
    ['request.address.inNetwork(subject)', 'inNetwork wants a network', 26],
    ['request.adress == "x"', 'not a CEL condition: No such key: adress', undefined],
    ['request.time == "x"', 'not a CEL condition: no such overload', undefined],
    ['bytes(subject).json() == {"a": 1}', 'is not known here', undefined],
    ['cel.bind(x, subject, x == "a")', 'is not known here', undefined],
    ['cel.__proto__ == 1', '"cel" is not known here; a condition has claims, cert, request, subject, issuer', 0],
    ['google.protobuf == 1', 'is not known here', undefined],
    ['__proto__ == 1', 'not a CEL condition: Reserved identifier: __proto__', 0],
    ['constructor == 1', 'not a CEL condition: Unknown variable: constructor', 0],
  ])('is refused when it is compiled: %s', (condition, message, offset) => {
    const compiled = compileCondition(condition)
    expect(compiled).toHaveProperty('problem', expect.stringContaining(message))
    if (offset !== undefined) expect(compiled).toHaveProperty('offset', offset)
  })

  it.each([
    ['too deep', `${'('.repeat(200)}true${')'.repeat(200)}`],
    ['too deep in lists', `${'['.repeat(200)}1${']'.repeat(200)} == []`],
    ['too long', Array.from({ length: 2000 }, () => 'true').join(' && ')],
    ['too wide', `subject in [${Array.from({ length: 600 }, () => '"x"').join(', ')}]`],
  ])('is refused when it is %s', (_what, condition) => {
    expect(compileCondition(condition)).toHaveProperty('problem')
  })

  it('takes any text without throwing, with a problem of one line', () => {
    const words = fc.constantFrom(
      'claims',
      '.',
      'ref',
      '==',
      '"x"',
      '(',
      ')',
      '[',
      ']',
      '&&',
      'has',
      'cert',
      '1',
      ',',
      '\n',
      '!',
      '?',
      ':',
      '{',
      '}',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(words, { maxLength: 12 }).map((list) => list.join(' ')),
        ),
        (text) => {
          const compiled = compileCondition(text)
          if ('problem' in compiled) expect(compiled.problem).not.toContain('\n')
          else expect(typeof compiled.evaluate(principalWith(), REQUEST).holds).toBe('boolean')
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('JavaScript below a condition', () => {
  it.each([
    'has(claims.constructor)',
    'has(claims.toString)',
    'has(claims.__proto__)',
    'has(claims.hasOwnProperty)',
    '"constructor" in claims',
    '"__proto__" in claims',
    '"size" in claims',
    'claims.constructor != 1',
    'claims["__proto__"] != 1',
    'claims["con" + "structor"] != 1',
    'claims.nested.constructor != 1',
    'claims.nested.size != 1',
    'claims.list.length == 1',
    'claims.list.constructor != 1',
    'claims.list["constructor"] != 1',
    'claims.text.length == 1',
    'claims.text["length"] == 1',
    'cert["con" + "structor"] != 1',
    'cert["__pro" + "to__"] != 1',
    'cert["si" + "ze"] != 100',
    'claims.exists(name, name == "constructor")',
  ])('T49 cannot be reached: %s', (condition) => {
    const part = { claims: { nested: { a: 1 }, list: ['x'], text: 'x' }, certificate: CERTIFICATE }
    expect(matches(condition, part)).toBe(false)
  })

  it('T49 shows claims with such names as what they are', () => {
    const claims = '{"constructor": "a", "toString": "b", "nested": {"constructor": {"x": 1}, "valueOf": 2}}'
    expect(matches('claims.constructor == "a" && claims.toString == "b"', { claims })).toBe(true)
    expect(matches('claims.nested.constructor.x == 1 && claims.nested.valueOf == 2', { claims })).toBe(true)
  })

  it('T49 lets a claim named __proto__ match nothing, at whatever depth', () => {
    expect(matches('claims.m == {"a": 1}', { claims: '{"m": {"a": 1}}' })).toBe(true)
    for (const claims of [
      '{"m": {"__proto__": {}}}',
      '{"m": {"a": 1}, "__proto__": {}}',
      '{"m": {"a": 1}, "l": [{"__proto__": 1}]}',
    ]) {
      expect(Object.hasOwn(claimsOf(claims), 'm')).toBe(true)
      expect(matches('claims.m == {"a": 1}', { claims })).toBe(false)
      expect(matches('true', { claims })).toBe(false)
    }
  })

  it('lets claims match nothing that are nested beyond reason', () => {
    const nest = (depth: number) => `{"deep": ${'['.repeat(depth)}${']'.repeat(depth)}}`
    expect(matches('has(claims.deep)', { claims: nest(5) })).toBe(true)
    expect(matches('has(claims.deep)', { claims: nest(50) })).toBe(false)
  })

  it('never yields anything but true or false, whatever the claims are', () => {
    const conditions = [
      'claims.a == "x"',
      'claims.a.b == 1',
      '"x" in claims.a',
      'claims.a == claims.b',
      'claims.a > 1',
      '!has(claims.a)',
      'claims.a.exists(x, x == 1)',
    ].map((text) => compileCondition(text))
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const principal = principalWith({ claims: { a, b } })
        for (const condition of conditions) {
          if ('problem' in condition) throw new Error(condition.problem)
          expect(typeof condition.evaluate(principal, REQUEST).holds).toBe('boolean')
        }
      }),
    )
  })
})

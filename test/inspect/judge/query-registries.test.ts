import { describe, expect, it } from 'vitest'
import { malformed, query, querySent, refused, sent } from './asked.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`
const HUB = 'registries: {pull: ["docker.io/**"]}'
const create = (parameters: Parameters<typeof query>[0]) => `POST /v1.41/images/create${query(parameters)}`

describe('pull (T95)', () => {
  it.each([
    [
      { fromImage: 'alpine', tag: 'latest' },
      { fromImage: 'docker.io/library/alpine', tag: 'latest' },
    ],
    [{ fromImage: 'alpine:3.20' }, { fromImage: 'docker.io/library/alpine', tag: '3.20' }],
    [
      { fromImage: 'alpine:3.20', tag: '3.21' },
      { fromImage: 'docker.io/library/alpine', tag: '3.21' },
    ],
    [
      { fromImage: 'acme/app', tag: DIGEST },
      { fromImage: 'docker.io/acme/app', tag: DIGEST },
    ],
    [{ fromImage: `alpine:3@${DIGEST}` }, { fromImage: 'docker.io/library/alpine', tag: DIGEST }],
    [
      { fromImage: `alpine@${DIGEST}`, tag: '3' },
      { fromImage: 'docker.io/library/alpine', tag: DIGEST },
    ],
    [{ fromImage: 'index.docker.io/library/alpine:1' }, { fromImage: 'docker.io/library/alpine', tag: '1' }],
    // `docker pull --all-tags`
    [{ fromImage: 'alpine' }, { fromImage: 'docker.io/library/alpine' }],
    [{ fromImage: 'alpine:' }, { fromImage: 'docker.io/library/alpine' }],
    [{ fromImage: 'alpine', tag: '' }, { fromImage: 'docker.io/library/alpine' }],
  ])('T98 sends %j as it is judged', (asked, wanted) => {
    expect(querySent(HUB, create(asked))).toEqual(wanted)
  })

  it('keeps what it does not judge', () => {
    expect(querySent(HUB, create({ platform: 'linux/arm64', fromImage: 'alpine', tag: '1' }))).toEqual({
      platform: 'linux/arm64',
      fromImage: 'docker.io/library/alpine',
      tag: '1',
    })
  })

  it.each([
    ['evil.example/library/alpine', '"evil.example/library/alpine"'],
    ['docker.io:443/library/alpine', '"docker.io:443/library/alpine"'],
    ['DOCKER.IO/library/alpine', '"DOCKER.IO/library/alpine"'],
    ['localhost/x', '"localhost/x"'],
    ['127.0.0.1:5000/x', '"127.0.0.1:5000/x"'],
    ['[::1]:5000/x', '"[::1]:5000/x"'],
    ['Alpine', '"Alpine"'],
    ['a'.repeat(64), `"${'a'.repeat(64)}"`],
    ['https://docker.io/library/alpine', '"https://docker.io/library/alpine"'],
  ])('refuses %s', (fromImage, shown) => {
    const [found, ...more] = refused(HUB, create({ fromImage, tag: 'x' }))
    expect(found).toContain(`fromImage: ${shown.slice(0, -1)}`)
    expect(found).toContain('(registries.pull)')
    expect(more).toEqual([])
  })

  it('judges tags, and all of them where none is asked for', () => {
    const role = 'registries: {pull: ["docker.io/library/alpine:3.*"]}'
    sent(role, create({ fromImage: 'alpine', tag: '3.20' }))
    expect(refused(role, create({ fromImage: 'alpine', tag: '2' }))).toHaveLength(1)
    expect(refused(role, create({ fromImage: 'alpine:3.20', tag: '2' }))).toHaveLength(1)
    expect(refused(role, create({ fromImage: 'alpine' }))).toEqual([
      'fromImage: "docker.io/library/alpine", every tag of it (registries.pull)',
    ])
    expect(refused(role, create({ fromImage: 'alpine:3.20', tag: DIGEST }))).toHaveLength(1)
  })

  it('judges digests', () => {
    const role = `registries: {pull: ["docker.io/library/alpine@${DIGEST}"]}`
    sent(role, create({ fromImage: 'alpine', tag: DIGEST }))
    sent(role, create({ fromImage: `alpine:3@${DIGEST}` }))
    expect(refused(role, create({ fromImage: 'alpine', tag: DIGEST.replace('a', 'b') }))).toHaveLength(1)
    expect(refused(role, create({ fromImage: 'alpine', tag: '3' }))).toHaveLength(1)
  })

  it.each(['a/b', ':x', 'x y', '..', '-x'])('refuses the tag %j', (tag) => {
    expect(refused(HUB, create({ fromImage: 'alpine', tag }))).toHaveLength(1)
  })

  it('takes values of claims literally', () => {
    const role = 'registries: {pull: ["registry.acme.io/${claims.repository}/**"]}'
    const request = create({ fromImage: 'registry.acme.io/acme/app/web', tag: '1' })
    sent(role, request, { claims: { repository: 'acme/app' } })
    for (const repository of ['*', '**', 'acme/*', 'acme/other', '']) {
      expect(refused(role, request, { claims: { repository } })).toHaveLength(1)
    }
  })

  it('does not send what an import would read beside it, whatever it says', () => {
    const asked = {
      fromImage: 'alpine',
      tag: '1',
      fromSrc: 'http://evil.example/x',
      repo: 'other',
      changes: 'LABEL a=b',
    }
    expect(querySent(HUB, create(asked))).toEqual({ fromImage: 'docker.io/library/alpine', tag: '1' })
  })

  it('is refused where the role has no part for it', () => {
    expect(refused('', create({ fromImage: 'alpine' }))).toHaveLength(1)
  })
})

describe('import (T95b, T96)', () => {
  const IMPORT =
    '{registries: {import: true}, build: {tags: ["docker.io/library/*"], remotes: ["https://acme.io/*"]}, workload: {labels: {reserved: [team]}}}'

  it('takes what the client sends, under a name that the role lists', () => {
    expect(querySent(IMPORT, create({ fromSrc: '-', repo: 'app' }))).toEqual({
      fromSrc: '-',
      repo: 'docker.io/library/app',
      tag: 'latest',
    })
    expect(querySent(IMPORT, create({ fromSrc: '-', repo: 'app:1', tag: '2' }))).toMatchObject({ tag: '2' })
    expect(querySent(IMPORT, create({ fromSrc: '-', tag: 'x' }))).toEqual({ fromSrc: '-' })
  })

  it('is refused by name', () => {
    expect(refused('', create({ fromSrc: '-' }))).toEqual(['fromSrc: an image of what is sent (registries.import)'])
    expect(refused(IMPORT, create({ fromSrc: '-', repo: 'evil.example/x' }))).toEqual([
      'repo: "evil.example/x:latest" (build.tags)',
    ])
    expect(refused(IMPORT, create({ fromSrc: '-', repo: `app@${DIGEST}` }))).toHaveLength(1)
    expect(refused(IMPORT, create({ fromSrc: '-', repo: 'app', tag: DIGEST }))).toHaveLength(1)
  })

  it.each([
    'http://169.254.169.254/x',
    'evil.example/x',
    'file:///etc/passwd',
    '',
    '--',
    'http:/\\x',
    'http://acme.io/x',
  ])('refuses to fetch from %j, which the role does not list', (fromSrc) => {
    expect(refused(IMPORT, create({ fromSrc }))).toHaveLength(1)
    expect(refused('registries: {import: true}', create({ fromSrc }))[0]).toContain('(build.remotes)')
  })

  it('fetches from what the role lists, and sends the URL that was judged', () => {
    expect(querySent(IMPORT, create({ fromSrc: 'https://acme.io/x' }))).toEqual({ fromSrc: 'https://acme.io/x' })
    const role = 'registries: {import: true}\nbuild: {remotes: ["http://acme.io/*"]}'
    expect(querySent(role, create({ fromSrc: 'acme.io/x' }))).toEqual({ fromSrc: 'http://acme.io/x' })
  })

  it('judges the labels of its instructions', () => {
    const asked = (changes: string | string[]) => create({ fromSrc: '-', changes })
    expect(refused(IMPORT, asked(['CMD ["x"]', 'LABEL a=b team=c', 'label io.dockgate.owner x']))).toEqual([
      'changes[1]["team"]: "team" (workload.labels)',
      'changes[2]["io.dockgate.owner"]: "io.dockgate.owner" (workload.labels)',
    ])
    sent(IMPORT, asked(['LABEL a=b c="d e"', 'ENV A="b \\"c\\""', 'ENTRYPOINT ["x"]\nUSER 1', 'ONBUILD RUN x', '']))
    expect(refused('registries: {import: true}', asked('LABEL a=b'))).toHaveLength(1)
    sent('registries: {import: true}', asked('CMD x'))
  })
})

describe('instructions (T83, T91)', () => {
  const role = '{workload: {labels: {}}}'
  const commit = (changes: string | string[]) => `POST /v1.41/commit${query({ container: 'box', changes })}`

  it.each([
    'LABEL a=b \\',
    'LABEL a\\=b',
    'LABEL "io.dockgate.owner"=x',
    "LABEL 'io.dockgate.owner'=x",
    'LABEL io.dockgate."owner"=x',
    'LABEL ${X}=y',
    'LABEL $X=y',
    'LABEL -- io.dockgate.owner=x',
    'LABEL --a=b c=d',
    'LABEL a="b',
    'LABEL a=b c',
    'LABEL a=b\u00a0io.dockgate.owner=x',
    'LABEL a=b\vio.dockgate.owner=x',
    'LABEL',
    'LABEL =x',
    'ENV A=b \\',
    '# escape=`',
    '#LABEL a=b',
    'RUN x',
    'COPY a b',
    'FROM x',
    'ARG X',
    'LABEL\u00a0a=b',
    '\ufeffLABEL a=b',
    'l\u0131bel a=b',
    '<<EOF',
  ])('refuses %j, which the engine may read in another way', (changes) => {
    expect(malformed(role, commit(['CMD x', changes]))).toMatch(/^query-malformed: .*"changes"/)
  })

  it('judges every line', () => {
    expect(refused(role, commit('CMD x\n\tLABEL io.dockgate.owner=x'))).toHaveLength(1)
    expect(refused(role, commit('ENV A=1\nLABEL IO.Dockgate.owner=x\nLABEL b=c'))).toHaveLength(1)
  })

  it('takes labels that are written plainly', () => {
    sent(role, commit(['LABEL a=1 b="2 3"', "LABEL org.label-schema.x='y z'", 'LABEL one two three', 'LABEL a=$X']))
  })
})

describe('names for images (T83, T90, T102)', () => {
  const TAGS = 'build: {tags: ["registry.acme.io/app:*"]}'
  const tag = (parameters: Parameters<typeof query>[0]) => `POST /v1.41/images/old/tag${query(parameters)}`
  const commit = (parameters: Parameters<typeof query>[0]) =>
    `POST /v1.41/commit${query({ container: 'box', ...parameters })}`

  it.each([
    ['tag', tag],
    ['commit', commit],
  ])('judges and sends the name of a %s', (_, request) => {
    const wanted = { repo: 'registry.acme.io/app', tag: 'latest' }
    expect(querySent(TAGS, request({ repo: 'registry.acme.io/app' }))).toMatchObject(wanted)
    expect(querySent(TAGS, request({ repo: 'registry.acme.io/app:1', tag: '2' }))).toMatchObject({
      ...wanted,
      tag: '2',
    })
    expect(refused(TAGS, request({ repo: 'app', tag: '2' }))).toEqual(['repo: "docker.io/library/app:2" (build.tags)'])
    expect(refused('', request({ repo: 'registry.acme.io/app' }))).toHaveLength(1)
    for (const repo of [`registry.acme.io/app@${DIGEST}`, 'registry.acme.io/App', 'registry.acme.io/app:1:2']) {
      expect(refused('build: {tags: ["**"]}', request({ repo }))).toHaveLength(1)
    }
  })

  it('lets a commit have no name', () => {
    expect(querySent('', commit({ tag: 'x', comment: 'why', pause: '0' }))).toEqual({
      container: 'box',
      comment: 'why',
      pause: '0',
    })
  })
})

describe('push (T96)', () => {
  const PUSH = 'registries: {push: ["registry.acme.io/${claims.repository}/**"]}'
  const asked = { claims: { repository: 'acme/app' } }

  it('judges the name in the path with the tag, and sends both as they were judged', () => {
    expect(sent(PUSH, 'POST /v1.41/images/registry.acme.io/acme/app/web/push?tag=1', asked)).toBe(
      '/v1.41/images/registry.acme.io/acme/app/web/push?tag=1',
    )
    expect(sent(PUSH, 'POST /images/registry.acme.io/acme/app/web:1/push', asked)).toBe(
      '/images/registry.acme.io/acme/app/web/push?tag=1',
    )
    expect(sent('registries: {push: ["docker.io/**"]}', 'POST /images/app/push?tag=1')).toBe(
      '/images/docker.io/library/app/push?tag=1',
    )
  })

  it('takes the tag of the query for the one that counts', () => {
    const role = 'registries: {push: ["docker.io/library/app:1"]}'
    sent(role, 'POST /images/app:2/push?tag=1')
    expect(refused(role, 'POST /images/app:1/push?tag=2')).toHaveLength(1)
    expect(refused(role, 'POST /images/app/push')).toEqual([
      '(image): "docker.io/library/app", every tag of it (registries.push)',
    ])
  })

  it.each([
    'registry.acme.io/acme/other/web',
    'evil.example/acme/app/web',
    'web',
    `registry.acme.io/acme/app/web@${DIGEST}`,
    'a'.repeat(64),
  ])('refuses %s', (name) => {
    expect(refused(PUSH, `POST /images/${name}/push?tag=1`, asked).length).toBeGreaterThan(0)
  })

  it('is refused where the role has no part for it', () => {
    expect(refused(HUB, 'POST /images/alpine/push')).toHaveLength(1)
  })
})

describe('ways in and out (T96)', () => {
  it.each([
    ['POST /images/load', 'load', '(body)'],
    ['GET /images/get?names=alpine', 'save', '(answer)'],
    ['GET /images/alpine/get', 'save', '(answer)'],
    ['GET /containers/box/export', 'export', '(answer)'],
  ])('%s wants registries.%s', (request, flag, field) => {
    const [found, ...more] = refused('registries: {pull: ["**"], push: ["**"]}', request)
    expect(found?.startsWith(`${field}: `) && found.endsWith(` (registries.${flag})`)).toBe(true)
    expect(more).toEqual([])
    expect(refused('', request)).toHaveLength(1)
    sent(`registries: {${flag}: true}`, request)
  })
})

describe('what the engine dials (T95b)', () => {
  it('asks only registries from which the role pulls', () => {
    expect(sent(HUB, 'GET /v1.41/distribution/alpine/json')).toBe(
      '/v1.41/distribution/docker.io/library/alpine:latest/json',
    )
    expect(refused(HUB, 'GET /distribution/169.254.169.254/x/json')).toEqual([
      '(image): "169.254.169.254/x:latest" (registries.pull)',
    ])
    expect(refused('', 'GET /distribution/alpine/json')).toHaveLength(1)
    expect(refused(HUB, `GET /distribution/${'a'.repeat(64)}/json`)).toHaveLength(1)
  })

  it('searches only registries from which the role pulls', () => {
    sent(HUB, 'GET /images/search?term=nginx')
    sent('registries: {pull: ["**"]}', 'GET /images/search?term=two+words')
    for (const term of ['evil.example/x', '169.254.169.254/x', 'localhost:5000/x', 'two+words', '']) {
      expect(refused(HUB, `GET /images/search?term=${term}`)).toHaveLength(1)
    }
    expect(refused('', 'GET /images/search?term=nginx')).toHaveLength(1)
  })
})

describe('credentials (T97)', () => {
  const pull = create({ fromImage: 'alpine', tag: '1' })
  const secret = 'eyJwYXNzd29yZCI6Imh1bnRlcjIifQ'

  it.each([`${secret}==`, secret, `${secret}+/`, `${secret}-_`, ''])('takes base64 of either alphabet', (value) => {
    sent(HUB, pull, { headers: ['X-Registry-Auth', value] })
    sent('build: {}', 'POST /build', { headers: ['x-registry-config', value] })
  })

  it.each(['{"password":"hunter2"}', `${secret} `, `=${secret}`, `${secret}===`, 'h\u00fcnter2'])(
    'refuses %j, and never shows it',
    (value) => {
      const why = malformed(HUB, pull, { headers: ['X-Registry-Auth', value] })
      expect(why).toBe('http-malformed: x-registry-auth is not in base64')
    },
  )

  it('refuses them twice', () => {
    expect(malformed(HUB, pull, { headers: ['X-Registry-Auth', 'a', 'x-registry-auth', 'b'] })).toMatch(
      /^header-repeated/,
    )
  })

  it('leaves them to a service only of a role that pulls', () => {
    const headers = ['X-Registry-Auth', secret]
    expect(refused('', 'POST /services/create', { headers })).toEqual([
      'X-Registry-Auth: credentials (registries.pull)',
    ])
    sent(HUB, 'POST /services/create', { headers })
    sent('', 'POST /services/create')
    expect(refused('', 'POST /services/web/update?version=1&registryAuthFrom=previous-spec')).toEqual([
      'registryAuthFrom: "previous-spec" (registries.pull)',
    ])
    sent('', 'POST /services/web/update?version=1&registryAuthFrom=spec')
  })
})

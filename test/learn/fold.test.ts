import { describe, expect, it } from 'vitest'
import {
  foldImages,
  foldNames,
  foldNetworks,
  foldPaths,
  foldPorts,
  MOST_NAMES,
  MOST_PATHS,
  MOST_PORTS,
  MOST_TAGS,
} from '../../src/learn/fold.ts'
import { MOST_COMMANDS } from '../../src/learn/role.ts'
import { read } from '../docs/pages.ts'

const many = (count: number, make: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => make(index))
const DIGEST = `sha256:${'0'.repeat(64)}`

describe('folding', () => {
  it('keeps three tags of an image, and makes any tag of four', () => {
    const three = many(3, (index) => `docker.io/acme/app:${index}`)
    expect(foldImages(three)).toEqual(three)
    expect(foldImages([...three, 'docker.io/acme/app:x', 'docker.io/acme/other:1'])).toEqual([
      'docker.io/acme/app:*',
      'docker.io/acme/other:1',
    ])
  })

  it('makes the name alone of many with digests', () => {
    const all = [...many(3, (index) => `docker.io/acme/app:${index}`), `docker.io/acme/app@${DIGEST}`]
    expect(foldImages(all)).toEqual(['docker.io/acme/app'])
  })

  it('makes one directory of nine files, but never one of the root', () => {
    expect(new Set(foldPaths(many(9, (index) => `/srv/jobs/${index}`)).values())).toEqual(new Set(['/srv/jobs/*']))
    expect(foldPaths(many(8, (index) => `/srv/jobs/${index}`)).get('/srv/jobs/1')).toBe('/srv/jobs/1')
    expect(foldPaths(many(20, (index) => `/srv/${index}`)).get('/srv/1')).toBe('/srv/1')
    expect(foldPaths(many(20, (index) => `/${index}`)).get('/1')).toBe('/1')
  })

  it('makes one form of four names that differ in numbers', () => {
    expect(foldNames(['job-1-data', 'job-22-data', 'job-3-data', 'job-0123456789abcdef-data', 'other'])).toEqual([
      'job-*-data',
      'other',
    ])
    expect(foldNames(['job-1', 'job-2', 'job-3'])).toEqual(['job-1', 'job-2', 'job-3'])
    const random = many(9, (index) => String(index).repeat(64))
    expect(foldNames(random)).toEqual(random)
  })

  it('keeps networks that may be ids', () => {
    const ids = many(5, (index) => `net${index}`)
    expect(foldNetworks([...ids, ...ids.map((id) => `${id}_default`)])).toEqual([...ids, 'net*_default'])
  })

  it('makes a range of nine ports of one address', () => {
    expect(
      foldPorts([...many(9, (index) => `127.0.0.1:${8000 + index}/tcp`), '0/tcp', '53/udp', '[::1]:1-5/tcp']),
    ).toEqual(['127.0.0.1:8000-8008/tcp', '0/tcp', '53/udp', '[::1]:1-5/tcp'])
  })
})

it('folds as docs/learn.md says', () => {
  const rows = [...read('docs/learn.md').matchAll(/^\| [^|]+ \| ([0-9]+) \| [^|]+ \|$/gm)].map(([, most]) =>
    Number(most),
  )
  expect(rows).toEqual([MOST_TAGS, MOST_PATHS, MOST_NAMES, MOST_PORTS, MOST_COMMANDS])
})

import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { read } from './pages.ts'

const rows = read('docs/threats.md')
  .split('\n')
  .filter((line) => /^\| .*`test\//.test(line))
  .map((line) => ({ line, files: [...line.matchAll(/`(test\/[^`]+)`/g)].map(([, file = '']) => file) }))

test('names tests that are there for each threat that it says is defended', () => {
  const [, defended = ''] = /## What it defends\n([\s\S]*?)\n## /.exec(read('docs/threats.md')) ?? []
  const threats = defended.split('\n').filter((line) => /^\| (?!threat|---)/.test(line))
  expect(rows.map(({ line }) => line)).toEqual(threats)
  expect(rows.flatMap(({ files }) => files).filter((file) => !existsSync(file))).toEqual([])
})

// What owners try on each other (T100) is told in words: three of them meet in each test.
test.each(rows.filter(({ line }) => /\(T(?!10\d)/.test(line)))('$line: its attacks are tried', ({ line, files }) => {
  const [, first = 0, last = first] = /\(T(\d+)(?:[–, T]+(\d+))*/.exec(line) ?? []
  const text = files.map((file) => readFileSync(file, 'utf8')).join('\n')
  const tried = [...text.matchAll(/\bT(\d+)/g)].map(([, number]) => Number(number))
  expect(tried.filter((number) => number >= Number(first) && number <= Number(last))).not.toEqual([])
})

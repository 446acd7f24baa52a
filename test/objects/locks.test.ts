import { expect, test } from 'vitest'
import { createLocks } from '../../src/objects/locks.ts'

/** Whether it has settled when everything that can happen has happened. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  void promise.then(() => {
    settled = true
  })
  for (let turn = 0; turn < 20; turn++) await null
  return settled
}

test('a name that is held is waited for', async () => {
  const locks = createLocks()
  const release = await locks.hold(['a'])
  const second = locks.hold(['a'])
  expect(await isSettled(second)).toBe(false)
  release()
  expect(await isSettled(second)).toBe(true)
})

test('other names are not waited for', async () => {
  const locks = createLocks()
  await locks.hold(['a'])
  expect(await isSettled(locks.hold(['b']))).toBe(true)
})

test('those who wait get it one after the other', async () => {
  const locks = createLocks()
  const first = await locks.hold(['a'])
  const second = locks.hold(['a'])
  const third = locks.hold(['a'])
  first()
  ;(await second)()
  expect(await isSettled(third)).toBe(true)
})

test('two who want the same names in another order do not wait for each other', async () => {
  const locks = createLocks()
  const both = [locks.hold(['a', 'b']), locks.hold(['b', 'a'])]
  ;(await both[0])?.()
  expect(await isSettled(both[1] as Promise<unknown>)).toBe(true)
})

test('a name twice is held once, and released once', async () => {
  const locks = createLocks()
  const release = await locks.hold(['a', 'a'])
  release()
  release()
  expect(await isSettled(locks.hold(['a']))).toBe(true)
})

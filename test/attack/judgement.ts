import { expect } from 'vitest'
import type { RawAnswer } from '../support/raw-client.ts'
import { expectRefusal, recordId, type Scene, type Wish } from './scene.ts'

/** A body as it is written, or what is to be written as JSON. */
type Body = string | object | null

/** The scene writes one byte for each character. */
export function utf8(text: string): string {
  return Buffer.from(text).toString('latin1')
}

/** A create of an allowed image with these members of HostConfig. */
export function host(members: object): object {
  return { Image: 'alpine', HostConfig: members }
}

export interface Judgement {
  /** Sends a body and expects that the role refuses what it asks for; see `expectNotAllowed`. */
  refused(target: string, body: Body, wish?: Wish): Promise<string[]>
  /** Sends a body and expects it to be let through. Answers what reached the engine, as JSON. */
  sent(target: string, body: Body, wish?: Wish): Promise<unknown>
  /** The same as the text that it is. */
  sentText(target: string, body: Body, wish?: Wish): Promise<string>
}

/** Sends bodies as one role. */
export function judgementOf(scene: () => Scene, role: string): Judgement {
  const send = (target: string, body: Body, wish: Wish) =>
    scene().send('POST', target, { role, ...wish, body: utf8(typeof body === 'string' ? body : JSON.stringify(body)) })
  const sentText: Judgement['sentText'] = async (target, body, wish = {}) => {
    const answer = await send(target, body, wish)
    expect(answer.status, answer.text()).toBe(200)
    const requests = await scene().reached()
    expect(requests).toHaveLength(1)
    expect(requests[0]?.values('Content-Type')).toEqual(['application/json'])
    scene().engine.reset()
    return requests[0]?.body.toString() ?? ''
  }
  return {
    refused: async (target, body, wish = {}) => expectNotAllowed(scene(), await send(target, body, wish), role),
    sent: async (target, body, wish) => JSON.parse(await sentText(target, body, wish)),
    sentText,
  }
}

/**
 * Expects that the role refused what was asked for: 403, a message with every finding and its key, the same in the record,
 * and nothing at the engine. Answers the findings as `field (key)`.
 */
export async function expectNotAllowed(scene: Scene, answer: RawAnswer, role: string): Promise<string[]> {
  expectRefusal(answer, 'request-not-allowed')
  await scene.nothingReached()
  const record = await scene.record(recordId(answer))
  expect(record).toMatchObject({ decision: 'deny', role, reason: 'request-not-allowed', status: 403 })
  const found = (record.refused as { field: string; key: string }[]).map(({ field, key }) => `${field} (${key})`)
  const { message } = answer.json() as { message: string }
  const [first, ...lines] = message.split('\n')
  expect(first).toBe(`dockgate: role "${role}" does not allow this ${record.operation}:`)
  const shown = found.slice(0, 12)
  for (const [index, finding] of shown.entries()) {
    const [, field = '', key = ''] = /^(.*) \((.*)\)$/s.exec(finding) ?? []
    expect(lines[index]).toContain(`  ${field}: asked for `)
    expect(lines[index]).toContain(`. An operator allows it with roles.${role}.${key}`)
  }
  expect(lines).toHaveLength(shown.length + (found.length > shown.length ? 2 : 1))
  return found
}

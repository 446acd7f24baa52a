import http, { type IncomingMessage } from 'node:http'
import { readWhole } from '../read-whole.ts'
import { printable } from '../text.ts'
import { failureOf, gateHeaders, type Link, noteStatus, tokenOf } from './link.ts'

const CHECK_MS = 30_000
const SHOWN = 1000
/** The gate's answers to `/_ping` are far shorter; what answers may be no gate. */
const ANSWER_BYTES = 64 * 1024

/**
 * Asks the gate once for `/_ping`, so that what is wrong is said before the first docker command.
 *
 * @throws Error (as a rejection) with a message for a person: no token, no connection, or what the gate answers
 */
export async function checkGate(link: Link): Promise<void> {
  let status: number
  let body: string
  try {
    const token = await tokenOf(link)
    const answer = await ping(link, token)
    status = answer.statusCode ?? 0
    noteStatus(link, token, status)
    body = String((await readWhole(answer, ANSWER_BYTES)) ?? '')
  } catch (error) {
    throw new Error(failureOf(error, link), { cause: error })
  }
  if (status !== 200) throw new Error(`the gate ${link.gate.address.name} answers with status ${status}: ${said(body)}`)
}

function ping(link: Link, token: string | null): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = http.request({
      agent: link.gate.agent,
      path: '/_ping',
      headers: gateHeaders([], link, token),
      setHost: false,
    } as http.RequestOptions)
    request.setTimeout(CHECK_MS, () => request.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })))
    request.on('response', resolve).on('error', reject).end()
  })
}

/** The message of an Engine API error, or the text as it came. */
function said(body: string): string {
  try {
    const { message } = JSON.parse(body) as { message?: unknown }
    if (typeof message === 'string') return printable(message, SHOWN)
  } catch {
    // No JSON: shown as it is.
  }
  return printable(body.trim(), SHOWN)
}

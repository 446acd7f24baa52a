import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { type Exchange, openExchange } from '../audit/exchange.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { ListenerConfig } from '../config/schema.ts'
import { asRefusal, noteRefusal } from '../gate/answer.ts'
import { collect } from '../gate/body.ts'
import { type Grounds, judge } from '../gate/gate.ts'
import { hostPathResolver } from '../gate/surroundings.ts'
import { type Authenticator, createAuthenticator } from '../identity/authenticate.ts'
import { followRevocations } from '../identity/revocations.ts'
import { checkArchive } from '../inspect/archive-stream.ts'
import type { CheckedRequest } from '../inspect/inspect.ts'
import { Refusal } from '../refusal.ts'
import { describeDecision, type Explanation, type LookedAt } from './explain-description.ts'
import type { Caller, Question, RequestBody } from './explain-question.ts'
import { say } from './failure.ts'

/** A body comes from a file or a person at a terminal: milliseconds without end, as far as a timer knows one. */
const NO_HURRY = 2 ** 31 - 1

/**
 * Asks the gate's own decision function what it would make of a request that is sent nowhere. Limits are those of the
 * first listener. A token may need its issuer's keys from the network; nothing else does.
 */
export async function explainRequest({ config, policy }: LoadedConfig, question: Question): Promise<Explanation> {
  const listener = config.listeners[0] as ListenerConfig
  const request = requestOf(question, listener)
  const exchange = openExchange(listener, request, question.target)
  const lookedAt: LookedAt = { hostPaths: false, execMaking: false, archiveEntries: false }
  const authenticator = await authenticatorOf(question.caller, config.issuers)
  const revocations = followRevocations(config.revocations?.file ?? null, { changed: () => {}, warn: say })
  const grounds = {
    authenticator,
    revocations,
    policy,
    surroundings: surroundingsOf(lookedAt),
    world: null,
    limits: NONE,
  }
  try {
    const outcome = await decide(grounds, exchange, request, listener, question.body, lookedAt)
    return describeDecision({ policy, question, exchange, outcome, lookedAt })
  } finally {
    authenticator.close()
    revocations.close()
    request.destroy()
    question.body?.stream.destroy()
  }
}

async function decide(
  grounds: Grounds,
  exchange: Exchange,
  request: IncomingMessage,
  listener: ListenerConfig,
  body: RequestBody | null,
  lookedAt: LookedAt,
): Promise<CheckedRequest | Refusal> {
  const read = async (limit: number) => (body === null ? Buffer.alloc(0) : collect(body.stream, limit, NO_HURRY))
  try {
    const checked = await judge(grounds, exchange, request, listener, { read })
    if (checked instanceof Refusal) throw checked
    if (checked.body.kind === 'stream' && checked.body.archive !== null && body !== null) {
      lookedAt.archiveEntries = true
      for await (const _ of checkArchive(body.stream, checked.body.archive));
    }
    return checked
  } catch (error) {
    const refusal = asRefusal(error)
    noteRefusal(exchange, refusal)
    return refusal
  }
}

/** The head that a client would send, on a connection without TLS that leads nowhere. */
function requestOf({ caller, method, target, headers, body }: Question, listener: ListenerConfig): IncomingMessage {
  const all = [['Host', 'docker'], ...headers]
  if ('token' in caller) all.push(tokenHeaderOf(listener, caller.token))
  if (body !== null) {
    all.push(body.length === null ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', String(body.length)])
  }
  const request = new IncomingMessage(new Socket())
  request.httpVersion = '1.1'
  request.method = method
  request.url = target
  request.rawHeaders = all.flat()
  request.headers = Object.fromEntries(all.map(([name = '', value]) => [name.toLowerCase(), value]))
  return request
}

function tokenHeaderOf({ tokenHeader }: ListenerConfig, token: string): [name: string, value: string] {
  return tokenHeader === undefined ? ['Authorization', `Bearer ${token}`] : [tokenHeader, token]
}

function authenticatorOf(
  caller: Caller,
  issuers: LoadedConfig['config']['issuers'],
): Promise<Pick<Authenticator, 'authenticate' | 'close'>> {
  if ('token' in caller) return createAuthenticator(issuers, { warn: say })
  return Promise.resolve({ authenticate: () => caller.principal, close: () => {} })
}

/** Without an engine to ask, the start of an exec is one whose making was judged: what it runs was said there. */
/** What is asked now depends on nobody else. */
const NONE: Grounds['limits'] = { checkMemory() {}, enter() {} }

function surroundingsOf(lookedAt: LookedAt): Grounds['surroundings'] {
  const resolve = hostPathResolver()
  return {
    resolveOnHost:
      resolve === null
        ? null
        : (path) => {
            lookedAt.hostPaths = true
            return resolve(path)
          },
    inspectExec: () => Promise.resolve(null),
    withoutReturned: (_operation, body) => body,
    execWasJudged: () => {
      lookedAt.execMaking = true
      return true
    },
  }
}

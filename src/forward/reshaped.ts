import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline, type Readable } from 'node:stream'
import httpProxy, { type FastifyHttpProxyOptions } from '@fastify/http-proxy'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Dispatcher } from 'undici'
import { checkArchive } from '../inspect/archive-stream.ts'
import type { Reshaping } from '../objects/types.ts'
import { readWhole } from '../read-whole.ts'
import { clientBody } from './client-body.ts'
import type { Engine } from './engine.ts'
import { engineFailure } from './errors.ts'
import type { Passage } from './passage.ts'
import { clientHeaders } from './response-headers.ts'

/** What was judged of each request that is handed to the carrier. */
const passages = new WeakMap<IncomingMessage, Passage>()

/** Notes what was judged of a request, before fastify is given it. */
export function notePassage(passage: Passage): void {
  passages.set(passage.request, passage)
}

/** An answer that is read whole is about one object, or an error. */
const WHOLE_BYTES = 4 * 1024 * 1024

const PASSAGE = Symbol('passage')
/** The engine's header list as it came: the plugin would fold names and repeated fields. */
const RAW = Symbol('raw headers')
type CarriedHeaders = Record<string, string> & { [PASSAGE]?: Passage }
type EngineAnswer = {
  statusCode: number
  headers: { [RAW]: readonly string[] }
  stream: Dispatcher.ResponseData['body']
}

/**
 * Registers @fastify/http-proxy as the carrier of requests whose answer is reshaped. Its defaults
 * would break docker:
 * - bodies pass unparsed (`docker cp` sends tar as text/plain): the gate has emptied `raw.headers` by now, so that
 *   nothing behind it sees the client's, and fastify finds no body to parse;
 * - the answer's head goes out at once (`docker run` waits for the head of `wait` before it starts the container);
 * - nothing is retried, nothing times out, the pool has no bound;
 * - what is sent is the checked request, not the URL and headers that the plugin derives from the client's.
 */
export async function registerReshaped(app: FastifyInstance, engine: Engine): Promise<void> {
  app.removeAllContentTypeParsers()
  const carrier: FastifyHttpProxyOptions = {
    upstream: 'http://docker',
    undici: requester(engine) as unknown as NonNullable<FastifyHttpProxyOptions['undici']>,
    httpMethods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'],
    proxyPayloads: false,
    disableCache: true,
    disableRequestLogging: true,
    retryMethods: [],
    handler(request: FastifyRequest, reply: FastifyReply) {
      const passage = passages.get(request.raw)
      if (passage === undefined) throw new Error('a request reached the carrier without being judged')
      return reply.from('/', {
        rewriteRequestHeaders: () => ({ [PASSAGE]: passage }) as CarriedHeaders,
        onResponse: (_request, taken, answer) =>
          deliver(passage, taken as FastifyReply, answer as unknown as EngineAnswer, engine),
        onError: (_reply, { error }) => passage.onFailure(engineFailure(error)),
      })
    },
  }
  await app.register(httpProxy, carrier)
}

/**
 * The plugin hands each request to this instead of its own undici call, which has no way to end the engine's side when
 * the client leaves before the answer's head, joins repeated headers with commas, and re-reads the target as a URL.
 */
function requester(engine: Engine) {
  return {
    request(
      { headers, method }: { headers: CarriedHeaders; method: string },
      done: (error: Error | null, answer?: Omit<EngineAnswer, 'stream'> & { body: EngineAnswer['stream'] }) => void,
    ): void {
      const passage = headers[PASSAGE]
      if (passage === undefined) throw new Error('a request reached the engine without being judged')
      const { checked, request, times } = passage
      const gone = new EventEmitter()
      const leave = () => gone.emit('abort')
      request.socket.once('close', leave)
      const { raw, body } = frame(passage)
      const path = checked.operation.target
      times.sentAt = performance.now()
      engine.pool.request(
        { path, method: method as Dispatcher.HttpMethod, headers: raw, body, signal: gone, responseHeaders: 'raw' },
        (error, answer) => {
          if (error) {
            request.socket.off('close', leave)
            done(error)
            return
          }
          times.answeredAt = performance.now()
          answer.body.once('close', () => request.socket.off('close', leave))
          if (answer.statusCode < 200 || answer.statusCode > 599) {
            answer.body.destroy()
            done(new Error(`the engine answered with status ${answer.statusCode}`))
            return
          }
          const headers = { [RAW]: answer.headers as unknown as readonly string[] }
          done(null, { statusCode: answer.statusCode, headers, body: answer.body })
        },
      )
    },
    close() {},
    destroy() {},
  }
}

function frame(passage: Passage): { raw: string[]; body: Buffer | Readable | null } {
  const { headers, body } = passage.checked
  if (body.kind === 'none') return { raw: headers, body: null }
  if (body.kind === 'bytes') {
    passage.onBytesIn(body.bytes.length)
    return { raw: headers, body: body.bytes }
  }
  const raw = body.length === null ? headers : [...headers, 'Content-Length', String(body.length)]
  // undici takes any async iterable; its types name only Readable, whose destruction is what must not happen here.
  const sent = body.archive === null ? clientBody(passage) : checkArchive(clientBody(passage), body.archive)
  return { raw, body: sent as unknown as Readable }
}

function deliver(passage: Passage, reply: FastifyReply, answer: EngineAnswer, engine: Engine): void {
  reply.hijack()
  const response: ServerResponse = reply.raw
  engine.noteApiVersion(answer.headers[RAW])
  const reshaping = passage.shape?.(answer.statusCode) ?? null
  if (reshaping?.kind === 'whole') {
    void deliverWhole(passage, reply, answer, reshaping)
    return
  }
  const headers = clientHeaders(answer.headers[RAW])
  try {
    response.writeHead(answer.statusCode, reshaping === null ? headers : withoutLength(headers))
  } catch (error) {
    // Characters that no header may hold: Node's writer is stricter than the engine's.
    answer.stream.destroy()
    passage.onFailure(engineFailure(error))
    return
  }
  response.flushHeaders()
  // Before pipeline's own listener: it ends the response, and with it the record.
  answer.stream.once('error', () => {
    if (!passage.request.socket.destroyed) passage.onBroken()
  })
  // A body that breaks off must not look complete: pipeline destroys the response.
  // Its own listeners, fastify's and ours are more than the ten that Node warns at, and end with the response.
  response.setMaxListeners(0)
  if (reshaping === null) {
    answer.stream.on('data', (chunk: Buffer) => passage.onAnswerData(chunk, 0, chunk.length))
    pipeline(answer.stream, response, () => {})
  } else {
    pipeline(
      answer.stream,
      (chunks: AsyncIterable<Buffer>) => counted(passage, reshaping.change(chunks)),
      response,
      () => {},
    )
  }
}

async function* counted(passage: Passage, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    passage.onAnswerData(chunk, 0, chunk.length)
    yield chunk
  }
}

/** An answer whose head waits for what its body says. */
async function deliverWhole(
  passage: Passage,
  reply: FastifyReply,
  answer: EngineAnswer,
  { change }: Extract<Reshaping, { kind: 'whole' }>,
): Promise<void> {
  const response: ServerResponse = reply.raw
  try {
    const bytes = await readWhole(answer.stream, WHOLE_BYTES)
    if (bytes === null) throw new Error(`the engine's answer has more than ${WHOLE_BYTES} bytes`)
    const shown = await change(bytes)
    if (response.destroyed) return
    const headers = [...withoutLength(clientHeaders(answer.headers[RAW])), 'Content-Length', String(shown.bytes.length)]
    response.writeHead(shown.status, headers)
    passage.onAnswerData(shown.bytes, 0, shown.bytes.length)
    response.end(passage.request.method === 'HEAD' ? undefined : shown.bytes)
  } catch (error) {
    answer.stream.destroy()
    passage.onFailure(engineFailure(error))
  }
}

function withoutLength(headers: readonly string[]): string[] {
  return headers.filter((_, index) => headers[index - (index % 2)]?.toLowerCase() !== 'content-length')
}

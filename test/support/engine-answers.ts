import type { EngineConnection } from './engine-connection.ts'
import type { EngineAnswer } from './recording-engine.ts'

const RAW_STREAM = 'application/vnd.docker.raw-stream'

/** `{status} {value}` with Content-Length, when the request is whole. More header lines may be given. */
export function json(status: number, value: unknown, headers: readonly string[] = []): EngineAnswer {
  return async (request, connection) => {
    await request.whole
    const body = Buffer.from(JSON.stringify(value))
    const lines = [
      `HTTP/1.1 ${status} X`,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      ...headers,
    ]
    await connection.write(`${lines.join('\r\n')}\r\n\r\n${request.method === 'HEAD' ? '' : body}`)
  }
}

/** Any bytes, when the request is whole; then the connection ends if `end`. */
export function bytes(answer: string | Buffer, { end = false } = {}): EngineAnswer {
  return async (request, connection) => {
    await request.whole
    await connection.write(answer)
    if (end) connection.end()
  }
}

/** 101 as dockerd writes it, then everything comes back; the end of the peer's side ends this side. */
export function hijackEcho(protocol = 'tcp'): EngineAnswer {
  return async (request, connection) => {
    await request.whole
    await connection.write(
      `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${RAW_STREAM}\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`,
    )
    echo(connection)
  }
}

/** 200 with a raw stream and no framing, as dockerd hijacks without `Upgrade`; then `output`, and the end. */
export function rawStream(output: string): EngineAnswer {
  return async (request, connection) => {
    await request.whole
    connection.hijack()
    await connection.write(`HTTP/1.1 200 OK\r\nContent-Type: ${RAW_STREAM}\r\n\r\n${output}`)
    connection.end()
  }
}

function echo(connection: EngineConnection): void {
  connection.hijack((chunk) => void connection.write(chunk))
  void connection.whenEnded.then(() => connection.end())
}

/** 404 without Content-Length, to the end of the connection: attach to a container that is not there. */
export function missingWithoutLength(): EngineAnswer {
  return bytes('HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n\r\n{"message":"No such container: x"}\n', {
    end: true,
  })
}

/** Answers on the head and half-closes, as Go's server does: the body stays unread. */
export function earlyAnswer(status = 403): EngineAnswer {
  return async (_request, connection) => {
    connection.stopReading()
    const body = '{"message":"early"}'
    await connection.write(
      `HTTP/1.1 ${status} X\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    )
    connection.end()
    await connection.whenClosed
  }
}

/** Never answers. The connection stays until the peer ends it. */
export function silent(): EngineAnswer {
  return async (_request, connection) => {
    await connection.whenEnded
    connection.end()
  }
}

/** The head of a chunked answer, then nothing until the peer ends. */
export function hangAfterHead(): EngineAnswer {
  return async (request, connection) => {
    await request.whole
    await connection.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n')
    await connection.whenEnded
    connection.end()
  }
}

/** `200 {}` with one header field of so many bytes. */
export function hugeHeaders(size: number): EngineAnswer {
  return json(200, {}, [`X-Huge: ${'h'.repeat(size)}`])
}

/** A chunked answer without end, with back-pressure. `onSent` is told the sum of what went into the kernel. */
export function endless(onSent: (bytes: number) => void = () => {}): EngineAnswer {
  return async (request, connection) => {
    await request.whole
    await connection.write('HTTP/1.1 200 OK\r\nContent-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n\r\n')
    const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(0x10000, 'x'), Buffer.from('\r\n')])
    for (let sent = 0; !connection.closed; ) {
      await connection.write(chunk)
      sent += 0x10000
      onSent(sent)
    }
  }
}

/** Breaks the connection when the request is whole, before any answer or after `sent`. */
export function broken(sent = ''): EngineAnswer {
  return async (request, connection) => {
    await request.whole
    if (sent !== '') await connection.write(sent)
    connection.destroy()
  }
}

/** 101, then output, and the close with whatever the client sent left unread. */
export function closeUnread(output: string): EngineAnswer {
  return async (request, connection) => {
    await request.whole
    connection.stopReading()
    await connection.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n')
    await connection.write(output)
    connection.destroy()
  }
}

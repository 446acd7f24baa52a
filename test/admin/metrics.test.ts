import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { METRICS } from '../../src/admin/metric-table.ts'
import { loadConfig } from '../../src/config/load.ts'
import { makeTestCertificate } from '../support/certificates.ts'
import { hijackEcho, json } from '../support/engine-answers.ts'
import { rawRequest } from '../support/raw-client.ts'
import { type AdminScene, startAdminScene } from './scene.ts'

const EXEC = '/exec/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef/start'

let scene: AdminScene
afterEach(() => scene.close())

/** One request of an operator, to its end; resolves to the status. */
async function send(method: string, target: string, lines: readonly string[] = []): Promise<number> {
  const endpoint = { path: path.join(scene.folder, 'gate.sock') }
  const request = await scene.request(method, target, ['Connection: close', ...lines])
  const { answer } = await rawRequest(endpoint, request)
  return answer.status
}

async function text(): Promise<string> {
  return (await scene.ask('GET', '/metrics')).text()
}

describe('GET /metrics', () => {
  it("is Prometheus' text, with a type, a help and numbers for each metric", async () => {
    scene = await startAdminScene()
    const answer = await scene.ask('GET', '/metrics')
    expect(answer.status).toBe(200)
    expect(answer.header('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    const shown = answer.text()
    for (const { name, type, help } of METRICS) {
      expect(shown).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`)
    }
    for (const line of shown.split('\n').filter((one) => one !== '' && !one.startsWith('#'))) {
      expect(line).toMatch(/^[a-z][a-z0-9_]*(\{([a-z_]+="[^"\\]*",?)+\})? ([0-9.e+-]+|Nan)$/)
    }
    expect(shown).toMatch(/^process_resident_memory_bytes \d+$/m)
    expect(shown).toMatch(/^nodejs_eventloop_lag_p99_seconds /m)
  })

  it('counts requests by access class, operation, role and listener, with the decision', async () => {
    scene = await startAdminScene()
    scene.engine.answer(json(200, {}))
    expect(await send('GET', '/info')).toBe(200)
    expect(await send('GET', '/v1.47/containers/json')).toBe(200)
    await scene.engine.close()
    expect(await send('GET', '/info')).toBe(502)
    expect(await scene.metric('dockgate_requests_total{access="read",decision="allow"}')).toBe(2)
    expect(await scene.metric('dockgate_requests_total{access="read",decision="error"}')).toBe(1)
    expect(await scene.metric('dockgate_operation_requests_total{operation="SystemInfo",decision="allow"}')).toBe(1)
    expect(await scene.metric('dockgate_role_requests_total{role="operator",decision="allow"}')).toBe(2)
    expect(await scene.metric('dockgate_listener_requests_total{listener="local",decision="error"}')).toBe(1)
    expect(await scene.metric('dockgate_reasons_total{event="request",reason="engine-unreachable"}')).toBe(1)
  })

  it('counts what is refused, and shows nothing of what the client wrote', async () => {
    scene = await startAdminScene()
    expect(await send('GET', '/zzz-of-the-client', ['X-Evil: zzz'])).toBe(404)
    expect(await send('GET', '/containers/zzz-name/json?zzz=1')).toBe(400)
    expect(await scene.metric('dockgate_requests_total{access="unrecognised",decision="deny"}')).toBe(2)
    expect(await scene.metric('dockgate_operation_requests_total{operation="unrecognised",decision="deny"}')).toBe(2)
    expect(await scene.metric('dockgate_reasons_total{event="request",reason="operation-unknown"}')).toBe(1)
    const shown = await text()
    for (const word of ['zzz', 'tester', '/info']) expect(shown).not.toContain(word)
  })

  it('has no more series the more different things a client asks for (T132)', async () => {
    scene = await startAdminScene()
    scene.engine.answer(json(200, {}))
    const askAll = async (round: string) => {
      const seen = await Promise.all(
        Array.from({ length: 10 }, (_, i) => `${round}${i}`).flatMap((word) => [
          send('GET', `/containers/${word}/json`),
          send('GET', `/${word}`),
          send('GET', `/v1.${word}/info`),
          send('GET', `/info?${word}=1`),
          send('GET', '/info', [`X-Forwarded-For: ${word}`, `User-Agent: ${word}`]),
          send(round === 'a' ? 'BREW' : 'PROPFIND', '/info'),
        ]),
      )
      expect(new Set(seen).size).toBeGreaterThan(2)
      return (await text()).split('\n').filter((line) => line.startsWith('dockgate_')).length
    }
    const first = await askAll('a')
    expect(await askAll('b')).toBe(first)
    expect(await scene.metric('dockgate_operation_requests_total{operation="SystemInfo",decision="allow"}')).toBe(20)
  })

  it("takes the gate's time of each request, and the engine's of what reached it", async () => {
    scene = await startAdminScene()
    scene.engine.answer(json(200, {}))
    expect(await send('GET', '/info')).toBe(200)
    expect(await send('GET', '/nothing')).toBe(404)
    const count = (name: string, access: string) =>
      scene.metric(`dockgate_${name}_duration_seconds_count{access="${access}"}`)
    expect([await count('gate', 'read'), await count('engine', 'read')]).toEqual([1, 1])
    expect([await count('gate', 'unrecognised'), await count('engine', 'unrecognised')]).toEqual([1, undefined])
    // A body that streams goes another way.
    const connection = await scene.open()
    const upload = ['Content-Type: application/x-tar', 'Transfer-Encoding: chunked']
    await connection.write(`${await scene.request('POST', '/images/load', upload)}4\r\nwhat\r\n0\r\n\r\n`)
    expect((await connection.answer()).status).toBe(200)
    connection.destroy()
    await scene.records(3)
    expect([await count('gate', 'transfer'), await count('engine', 'transfer')]).toEqual([1, 1])
  })

  it('counts sessions by kind, and their bytes while they are open, once each', async () => {
    const begun = performance.now()
    scene = await startAdminScene()
    await scene.engine.waitForRequest(1)
    scene.engine.answer(hijackEcho())
    const connection = await scene.open()
    const body = JSON.stringify({ Detach: false, Tty: true })
    await connection.write(await scene.request('POST', EXEC, ['Connection: Upgrade', 'Upgrade: tcp'], body))
    await connection.answer()
    await connection.write('hello')
    await connection.tunnelled('hello')
    expect(await scene.metric('dockgate_sessions{kind="exec"}')).toBe(1)
    expect(await scene.metric('dockgate_connections{listener="local"}')).toBe(1)
    expect(await scene.metric('dockgate_connections_limit{listener="local"}')).toBe(1024)
    expect(await scene.metric('dockgate_bytes_total{direction="in"}')).toBe(body.length + 5)
    expect(await scene.metric('dockgate_bytes_total{direction="out"}')).toBe(5)
    connection.destroy()
    const [, end] = await scene.records(2)
    expect(await scene.metric('dockgate_sessions{kind="exec"}')).toBe(0)
    expect(await scene.metric('dockgate_bytes_total{direction="in"}')).toBe(body.length + 5)
    expect(await scene.metric('dockgate_bytes_total{direction="out"}')).toBe(5)
    expect(await scene.metric('dockgate_requests_total{access="exec",decision="allow"}')).toBe(1)
    expect(await scene.metric('dockgate_engine_duration_seconds_count{access="exec"}')).toBe(1)
    const both = await Promise.all(
      ['gate', 'engine'].map((name) => scene.metric(`dockgate_${name}_duration_seconds_sum{access="exec"}`)),
    )
    // Parts of what has passed, whatever that is.
    expect(Math.max(...both.map(Number))).toBeLessThan((performance.now() - begun) / 1000)
    expect(Math.min(...both.map(Number))).toBeGreaterThan(0)
    expect(await scene.metric(`dockgate_reasons_total{event="session",reason="${end?.reason}"}`)).toBe(1)
  })

  it('counts tokens that were known, also over a reload', async () => {
    scene = await startAdminScene()
    scene.engine.answer(json(200, {}))
    const token = await scene.token()
    const ask = () =>
      rawRequest(
        { path: path.join(scene.folder, 'gate.sock') },
        `GET /info HTTP/1.1\r\nHost: docker\r\nConnection: close\r\nAuthorization: Bearer ${token}\r\n\r\n`,
      )
    for (let i = 0; i < 3; i++) await ask()
    expect(await scene.metric('dockgate_token_cache_misses_total')).toBe(1)
    expect(await scene.metric('dockgate_token_cache_hits_total')).toBe(2)
    expect(await scene.metric('dockgate_token_cache_size')).toBe(1)
    const file = path.join(scene.folder, 'dockgate.yaml')
    const more = `  more: { jwt: { issuer: 'https://more.example', audience: x, publicKey: token.pem } }\nroles:`
    writeFileSync(file, readFileSync(file, 'utf8').replace('roles:', more))
    await scene.gate.reload(loadConfig(file))
    expect(await scene.metric('dockgate_token_cache_hits_total')).toBe(2)
    expect(await scene.metric('dockgate_token_cache_size')).toBe(0)
    expect(await scene.metric('dockgate_issuer_keys_failing{issuer="more"}')).toBe(0)
    expect(await scene.metric('dockgate_issuer_keys_age_seconds{issuer="more"}')).toBeGreaterThanOrEqual(0)
  })

  it('leaves out the age of keys that were never had, and says that they fail', async () => {
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    try {
      scene = await startAdminScene({
        issuers: `  away: { jwt: { issuer: 'https://away.example', audience: x, jwksUri: 'http://127.0.0.1:1/keys' } }`,
      })
      await vi.waitFor(async () => expect(await scene.metric('dockgate_issuer_keys_failing{issuer="away"}')).toBe(1))
      expect(await scene.metric('dockgate_issuer_keys_age_seconds{issuer="away"}')).toBeUndefined()
      expect(await scene.metric('dockgate_ready')).toBe(0)
      expect(await scene.metric('dockgate_check_ok{check="issuers.away.jwt"}')).toBe(0)
      expect(await scene.metric('dockgate_check_ok{check="engine"}')).toBe(1)
    } finally {
      said.mockRestore()
    }
  })

  it('tells when each certificate ends, by its key of the configuration', async () => {
    const end = new Date('2031-05-01T00:00:00Z')
    const ca = makeTestCertificate({ subject: [{ CN: 'ca' }], ca: true, notAfter: end })
    scene = await startAdminScene({ issuers: '  staff: { certificate: { authorities: ca.crt } }' }, (write) => {
      write('ca.crt', ca.certificate)
    })
    const series = 'dockgate_certificate_expiry_timestamp_seconds{certificate="issuers.staff.certificate.authorities"}'
    expect(await scene.metric(series)).toBe(end.getTime() / 1000)
  })

  it('counts reloads, and forgets the series of a role that is gone', async () => {
    scene = await startAdminScene()
    expect(await scene.metric('dockgate_config_generation')).toBe(1)
    expect(await scene.metric('dockgate_role_requests_total{role="operator",decision="allow"}')).toBe(0)
    const file = path.join(scene.folder, 'dockgate.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('operator', 'captain'))
    await scene.gate.reload(loadConfig(file))
    scene.gate.noteRefusedReload()
    expect(await scene.metric('dockgate_config_generation')).toBe(2)
    expect(await scene.metric('dockgate_reloads_total{result="ok"}')).toBe(1)
    expect(await scene.metric('dockgate_reloads_total{result="failed"}')).toBe(1)
    expect(await scene.metric('dockgate_config_last_reload_successful')).toBe(0)
    expect(await scene.metric('dockgate_role_requests_total{role="captain",decision="allow"}')).toBe(0)
    expect(await text()).not.toContain('role="operator"')
    await scene.gate.reload(loadConfig(file))
    expect(await scene.metric('dockgate_config_last_reload_successful')).toBe(1)
  })

  it('gives everybody who asks at the same time the whole of it', async () => {
    scene = await startAdminScene()
    const all = await Promise.all([text(), text(), text(), text()])
    const names = (shown: string) => [...shown.matchAll(/^(dockgate_\w+(?:\{.*\})?) /gm)].map(([, series]) => series)
    for (const shown of all) expect(names(shown)).toEqual(names(all[0] ?? ''))
    expect(new Set(names(all[0] ?? '')).size).toBe(names(all[0] ?? '').length)
  })
})

describe('GET /refusals', () => {
  it('shows the last hundred refusals, the newest first, and nothing that was allowed', async () => {
    scene = await startAdminScene()
    scene.engine.answer(json(200, {}))
    await send('GET', '/info')
    expect((await scene.ask('GET', '/refusals')).json()).toEqual({ refusals: [] })
    for (let i = 0; i < 103; i++) await send('GET', `/nothing/${i}`)
    const { refusals } = (await scene.ask('GET', '/refusals')).json() as {
      refusals: { time: string; record: Record<string, unknown> }[]
    }
    expect(refusals.map(({ record }) => record.unrecognised)).toEqual(
      Array.from({ length: 100 }, (_, i) => `GET /nothing/${102 - i}`),
    )
    expect(refusals[0]).toEqual({
      time: expect.stringMatching(/^20.*Z$/),
      record: expect.objectContaining({ decision: 'deny', reason: 'operation-unknown', principal: null, status: 404 }),
    })
  })
})

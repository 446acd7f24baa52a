import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { learn } from '../../src/learn/learn.ts'
import { LONGEST_LINE } from '../../src/learn/lines.ts'

const record = (operation: string, more: object = {}) => ({
  v: 1,
  event: 'request',
  principal: { issuer: 'local', subject: 'ann' },
  operation,
  decision: 'allow',
  ...more,
})
const lineOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

/** In pieces of a few bytes, as they may come. */
async function* streamOf(text: string, size = 7): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
const learnedOf = (records: readonly unknown[], principals: readonly string[] = [], size?: number) =>
  learn([{ name: 'r.jsonl', stream: streamOf(records.map(lineOf).join('\n'), size) }], { role: 'ci', principals })
const roleOf = async (...records: readonly unknown[]) => parse((await learnedOf(records)).role ?? '').roles.ci

describe('learning', () => {
  it('takes what was let through, and neither what was refused nor what failed', async () => {
    const lesson = await learnedOf([
      record('ContainerList'),
      record('SystemInfo', { decision: 'observe' }),
      record('ContainerDelete', { decision: 'deny' }),
      record('ImageDelete', { decision: 'error' }),
      record('ContainerAttach', { event: 'session' }),
      { v: 1, event: 'reap', id: 'x' },
      { v: 1, event: 'admin', decision: 'deny' },
    ])
    expect(parse(lesson.role ?? '').roles).toEqual({ ci: { allow: ['SystemInfo', 'ContainerList'] } })
    expect(lesson).toMatchObject({ used: 2, refused: 1, bad: 0 })
    expect(lesson.role).toContain('# Left out: 1 that were refused.')
  })

  it('keeps to the principals that it is told, and says of whom there is nothing', async () => {
    const records = [
      record('ContainerList'),
      record('ImageList', { principal: { issuer: 'local', subject: 'bob' } }),
      record('SystemInfo', { principal: { issuer: 'other', subject: 'ann' } }),
    ]
    const lesson = await learnedOf(records, ['local/ann', 'local/eve'])
    expect(parse(lesson.role ?? '').roles.ci.allow).toEqual(['ContainerList'])
    expect(lesson.missing).toEqual(['local/eve'])
  })

  it('counts and names lines that are no records, and goes on', async () => {
    const lesson = await learnedOf(
      [
        '{"v":1,',
        'started',
        { ...record('ContainerList'), v: 2 },
        record('NothingKnown'),
        record('ContainerCreate', { asked: { images: 'all' } }),
        `{"a":"${'x'.repeat(LONGEST_LINE)}"}`,
        '',
        record('ContainerList'),
      ],
      [],
      65_536,
    )
    expect(lesson).toMatchObject({
      used: 1,
      bad: 6,
      problems: [
        'r.jsonl:1 is not JSON',
        'r.jsonl:2 is not JSON',
        'r.jsonl:3 is no record of this dockgate: v is wrong or missing',
        'r.jsonl:4 names an operation that this dockgate does not know',
        'r.jsonl:5 is no record of this dockgate: asked.images is wrong or missing',
        'r.jsonl:6 is too long to be a record',
      ],
    })
    expect(lesson.role).toContain('ContainerList')
  })

  it('makes no role of nothing', async () => {
    expect((await learnedOf([])).role).toBeNull()
    expect((await learnedOf([record('SystemPing'), record('SystemVersion')])).role).toBeNull()
  })

  it('marks what makes its holder root on the host, and says what it reaches', async () => {
    const asked = {
      images: ['docker.io/library/a:1'],
      privileged: true,
      mounts: [{ type: 'bind', source: '/etc', target: '/e', readOnly: false }],
    }
    const { role } = await learnedOf([record('ContainerCreate', { asked }), record('SwarmInit'), record('ExecStart')])
    expect(role).toContain(
      '      # root on the host: a privileged container is root on the host\n      privileged: true\n',
    )
    expect(role).toMatch(/# root on the host: a container may write to files that the host runs or trusts\n {6}mounts:/)
    expect(role).toMatch(/# root on the host: makes the host a swarm's manager\n {6}- SwarmInit/)
    expect(role).toContain('acts in every container of the engine, whoever made it: ExecStart')
  })

  it('bounds what was stated each time, and nothing that was left out once', async () => {
    const made = (limits?: object) =>
      record('ContainerCreate', { asked: { images: ['docker.io/library/a:1'], ...(limits ? { limits } : {}) } })
    const one = { memory: 1024 ** 3, cpus: 0.5, pids: 100 }
    expect((await roleOf(made(one), made({ ...one, memory: 512 * 1024 ** 2, cpus: 2 }))).workload.limits).toEqual({
      memory: '1GiB',
      cpus: 2,
      pids: 100,
    })
    expect((await roleOf(made(one), made())).workload.limits).toEqual({
      memory: 'unlimited',
      cpus: 'unlimited',
      pids: 'unlimited',
    })
  })

  it('takes numbers above zero for a user that is not root only where one was stated each time', async () => {
    const made = (user?: string) =>
      record('ContainerCreate', { asked: { images: ['docker.io/library/a:1'], ...(user ? { user } : {}) } })
    expect((await roleOf(made('1000'), made('7:7'))).workload.user).toBe('nonRoot')
    expect((await roleOf(made('1000'), made())).workload.user).toBe('any')
    expect((await roleOf(made(), made('1000'))).workload.user).toBe('any')
    expect((await roleOf(made('www'))).workload.user).toBe('any')
    expect((await roleOf(made())).workload.user).toBeUndefined()
  })

  it('makes no pattern of what would mean something else, and says so', async () => {
    const asked = { images: ['docker.io/library/a:1', 'docker.io/library/${claims.x}:1'], networks: ['long…'] }
    const { role } = await learnedOf([record('ContainerCreate', { asked: { ...asked, cut: true } })])
    expect(parse(role ?? '').roles.ci.workload).toEqual({ images: ['docker.io/library/a:1'] })
    expect(role).toContain('Left out: 2 values')
    expect(role).toContain('Of 1 records not all is known')
  })

  it('is not widened by a client that asks for a pattern', async () => {
    const asked = {
      images: ['**', 'docker.io/library/*'],
      mounts: [{ type: 'bind', source: '/**', target: '/x', readOnly: false }],
      volumes: ['*'],
      devices: [{ path: '/dev/**', permissions: 'rwm' }],
      logDrivers: ['*'],
      hostFields: ['*'],
      restart: ['*'],
      exec: { command: 'sh', environment: ['*'] },
      build: { arguments: ['*'] },
      archive: { put: ['/**'] },
    }
    const { workload, exec, build, archive } = await roleOf(
      record('ContainerCreate', { asked }),
      record('ContainerExec', { asked }),
    )
    expect([workload, exec, build, archive]).toEqual([{ volumes: [] }, { commands: [['sh']] }, undefined, undefined])
  })

  it('writes what a client has chosen as text, whatever it looks like', async () => {
    const subject = 'a\n  evil: { allow: ["*"] }\u001b[31m'
    const networks = ['a: {b}', '"]}\n    allow: ["*"]', '*', '#x', '!!js/function x', 'yes', '12']
    const { role } = await learnedOf([
      record('ContainerCreate', { principal: { issuer: 'local', subject }, asked: { networks } }),
    ])
    const { roles } = parse(role ?? '')
    expect(Object.keys(roles)).toEqual(['ci'])
    expect(roles.ci.allow).toEqual(['ContainerCreate'])
    expect(roles.ci.workload).toEqual({ networks: expect.not.arrayContaining(['*']) })
    expect(role).toContain('values of which no pattern can be made')
    expect(role).not.toContain('\u001b')
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Route, runClient } from '../support/docker-client.ts'
import { json } from '../support/engine-answers.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { type RecordingEngine, startRecordingEngine } from '../support/recording-engine.ts'

/** A field, what was asked for, and the key of the role that would allow it. */
type Reason = readonly [field: string, asked: string, key: string]

const PRIVILEGED: Reason = ['HostConfig.Privileged', 'true', 'workload.privileged']
const ROOT: Reason = ['HostConfig.Binds[0]', '"/:/host"', 'workload.mounts']
const PID: Reason = ['HostConfig.PidMode', '"host"', 'workload.hostNamespaces']
const NETWORK: Reason = ['HostConfig.NetworkMode', '"host"', 'workload.hostNamespaces']
const CAPABILITY: Reason = ['HostConfig.CapAdd[0]', '"CAP_SYS_ADMIN"', 'workload.capabilities']
const PORT: Reason = ['HostConfig.PortBindings["80/tcp"][0]', 'port 80 on any address, tcp', 'workload.ports']
const SOCKET = '/var/run/docker.sock:/var/run/docker.sock'

const CASES: readonly { readonly flags: string; readonly reasons: readonly Reason[] }[] = [
  { flags: '--privileged', reasons: [PRIVILEGED] },
  { flags: '-v /:/host', reasons: [ROOT] },
  {
    flags: '--mount type=bind,source=/etc,target=/x',
    reasons: [['HostConfig.Mounts[0].Source', '"/etc"', 'workload.mounts']],
  },
  { flags: `-v ${SOCKET}`, reasons: [['HostConfig.Binds[0]', `"${SOCKET}"`, 'workload.mounts']] },
  {
    flags: '--mount type=volume,target=/x,volume-opt=type=none,volume-opt=o=bind,volume-opt=device=/',
    reasons: [['HostConfig.Mounts[0].VolumeOptions.DriverConfig.Options', '{device, o, type}', 'workload.hostFields']],
  },
  { flags: '--volumes-from other', reasons: [['HostConfig.VolumesFrom', '["other"]', 'workload.hostFields']] },
  { flags: '--pid host', reasons: [PID] },
  { flags: '--pid container:other', reasons: [['HostConfig.PidMode', '"container:other"', 'workload.hostFields']] },
  { flags: '--net host', reasons: [NETWORK] },
  { flags: '--net container:other', reasons: [['HostConfig.NetworkMode', '"container:other"', 'workload.hostFields']] },
  { flags: '--ipc host', reasons: [['HostConfig.IpcMode', '"host"', 'workload.hostNamespaces']] },
  { flags: '--uts host', reasons: [['HostConfig.UTSMode', '"host"', 'workload.hostNamespaces']] },
  { flags: '--userns host', reasons: [['HostConfig.UsernsMode', '"host"', 'workload.hostNamespaces']] },
  { flags: '--cgroupns host', reasons: [['HostConfig.CgroupnsMode', '"host"', 'workload.hostNamespaces']] },
  { flags: '--cap-add CAP_SYS_ADMIN', reasons: [CAPABILITY] },
  { flags: '--device /dev/kmsg', reasons: [['HostConfig.Devices[0].PathOnHost', '"/dev/kmsg"', 'workload.devices']] },
  {
    flags: '--gpus all',
    reasons: [['HostConfig.DeviceRequests', '[{Driver, Count, DeviceIDs, and 2 more}]', 'workload.gpus']],
  },
  { flags: '-p 80:80', reasons: [PORT] },
  {
    flags: '--security-opt seccomp=unconfined',
    reasons: [['HostConfig.SecurityOpt[0]', '"seccomp=unconfined"', 'workload.securityOptions']],
  },
  {
    flags: '--security-opt systempaths=unconfined',
    reasons: [
      ['HostConfig.MaskedPaths', '[]', 'workload.securityOptions'],
      ['HostConfig.ReadonlyPaths', '[]', 'workload.securityOptions'],
    ],
  },
  { flags: '--sysctl kernel.msgmax=1', reasons: [['HostConfig.Sysctls["kernel.msgmax"]', '"1"', 'workload.sysctls']] },
  { flags: '--cgroup-parent /', reasons: [['HostConfig.CgroupParent', '"/"', 'workload.hostFields']] },
  { flags: '--restart always', reasons: [['HostConfig.RestartPolicy.Name', '"always"', 'workload.restart']] },
  { flags: '--log-driver syslog', reasons: [['HostConfig.LogConfig.Type', '"syslog"', 'workload.logDrivers']] },
  { flags: '--runtime kata', reasons: [['HostConfig.Runtime', '"kata"', 'workload.runtimes']] },
  { flags: '--memory 64g', reasons: [['HostConfig.Memory', '68719476736', 'workload.limits.memory']] },
  { flags: '--pids-limit -1', reasons: [['HostConfig.PidsLimit', '-1, no limit', 'workload.limits.pids']] },
  {
    flags: '--privileged -v /:/host --pid host --net host --cap-add CAP_SYS_ADMIN -p 80:80',
    reasons: [PRIVILEGED, ROOT, PID, NETWORK, CAPABILITY, PORT],
  },
]

const REASON = /^ {2}(.+?): asked for (.+?); .*\. An operator allows it with roles\.ci\.(.+)$/

describe('docker run under ci-run', () => {
  let engine: RecordingEngine
  let gate: TestGate
  let route: Route
  beforeAll(async () => {
    engine = await startRecordingEngine()
    gate = await startTestGate(engine.socketPath, { ci: '{ extends: ci-run }' })
    route = await gate.routeOf('ci')
  })
  afterAll(async () => {
    await gate.close()
    await engine.close()
  })

  it.each(CASES)(
    'with $flags: every reason, the role, the key and the record, and nothing at the engine',
    async (one) => {
      engine.reset()
      engine.answer(json(200, {}, ['Api-Version: 1.50', 'OSType: linux']))
      const script = `docker run ${one.flags} busybox`
      const { stdout, stderr, code } = await runClient(route, ['bash', '-c', script])
      const [first, ...lines] = stderr.split('\n')
      const told = lines.flatMap((line) => {
        const [, field, asked, key] = REASON.exec(line) ?? []
        return field === undefined ? [] : [[field, asked, key].join(' ')]
      })
      const [, id] = /^ \(record (\w+)\)/m.exec(stderr) ?? []

      expect({ stdout, code }).toEqual({ stdout: '', code: 125 })
      expect(first).toBe('docker: Error response from daemon: dockgate: role "ci" does not allow this ContainerCreate:')
      expect(told.sort()).toEqual(one.reasons.map((reason) => reason.join(' ')).sort())
      await expect
        .poll(() => gate.records().find((record) => record.id === id))
        .toMatchObject({ operation: 'ContainerCreate', role: 'ci', reason: 'request-not-allowed' })
      expect(engine.requests.filter(({ target }) => target !== '/_ping')).toEqual([])
    },
  )
})

/** One request, many times. */
export interface Workload {
  readonly name: string
  /** The one that the others are held against. */
  readonly base?: true
  readonly role: keyof typeof ROLES
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer
  readonly status: number
}

/** Roles of the bench, as YAML. */
export const ROLES = {
  observer: '{ allow: [read] }',
  ci: '{ extends: ci-run, allow: [read, run, exec, ImageLoad], registries: { load: true } }',
  admin: '{ extends: admin }',
  own: '{ allow: [read], objects: own }',
}

/** What docker 28 sends for `docker run -e … -v cache:/cache -p 127.0.0.1:8080:80 --label …`: about 2 KB. */
const CREATE = Buffer.from(
  JSON.stringify({
    Hostname: '',
    Domainname: '',
    User: '1000:1000',
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    ExposedPorts: { '80/tcp': {} },
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Env: Array.from({ length: 12 }, (_, i) => `CI_VARIABLE_${i}=value-${i}`),
    Cmd: ['npm', 'run', 'test'],
    Image: 'node:24',
    Volumes: {},
    WorkingDir: '/work',
    Entrypoint: null,
    Labels: Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`io.example.label-${i}`, `value-${i}`])),
    HostConfig: {
      Binds: ['cache:/cache'],
      ContainerIDFile: '',
      LogConfig: { Type: '', Config: {} },
      NetworkMode: 'default',
      PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080' }] },
      RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
      AutoRemove: true,
      VolumeDriver: '',
      VolumesFrom: null,
      ConsoleSize: [40, 120],
      CapAdd: null,
      CapDrop: null,
      CgroupnsMode: '',
      Dns: [],
      DnsOptions: [],
      DnsSearch: [],
      ExtraHosts: null,
      GroupAdd: null,
      IpcMode: '',
      Cgroup: '',
      Links: null,
      OomScoreAdj: 0,
      PidMode: '',
      Privileged: false,
      PublishAllPorts: false,
      ReadonlyRootfs: false,
      SecurityOpt: null,
      UTSMode: '',
      UsernsMode: '',
      ShmSize: 0,
      Isolation: '',
      CpuShares: 0,
      Memory: 536_870_912,
      NanoCpus: 1_000_000_000,
      CgroupParent: '',
      BlkioWeight: 0,
      CpuPeriod: 0,
      CpuQuota: 0,
      CpuRealtimePeriod: 0,
      CpuRealtimeRuntime: 0,
      CpusetCpus: '',
      CpusetMems: '',
      Devices: [],
      DeviceCgroupRules: null,
      DeviceRequests: null,
      MemoryReservation: 0,
      MemorySwap: 0,
      MemorySwappiness: -1,
      OomKillDisable: false,
      PidsLimit: 0,
      Ulimits: [],
      Init: true,
      MaskedPaths: null,
      ReadonlyPaths: null,
    },
    NetworkingConfig: { EndpointsConfig: {} },
  }),
)

const JSON_TYPE = { 'content-type': 'application/json' }

export const WORKLOADS: readonly Workload[] = [
  {
    name: `the same ${CREATE.length} bytes forwarded, not judged (image load)`,
    base: true,
    role: 'ci',
    method: 'POST',
    path: '/v1.51/images/load',
    headers: { 'content-type': 'application/x-tar' },
    body: CREATE,
    status: 200,
  },
  {
    name: 'create, judged (ci-run)',
    role: 'ci',
    method: 'POST',
    path: '/v1.51/containers/create?name=x',
    headers: JSON_TYPE,
    body: CREATE,
    status: 201,
  },
  {
    name: 'create, judged (admin)',
    role: 'admin',
    method: 'POST',
    path: '/v1.51/containers/create?name=x',
    headers: JSON_TYPE,
    body: CREATE,
    status: 201,
  },
  { name: 'list of 20 (observer)', role: 'observer', method: 'GET', path: '/v1.51/containers/json?all=1', status: 200 },
  { name: 'list of 20 (ci-run)', role: 'ci', method: 'GET', path: '/v1.51/containers/json?all=1', status: 200 },
  {
    name: 'a create refused',
    role: 'observer',
    method: 'POST',
    path: '/v1.51/containers/create',
    headers: JSON_TYPE,
    body: CREATE,
    status: 403,
  },
  {
    name: 'inspect by name (observer)',
    role: 'observer',
    method: 'GET',
    path: '/v1.51/containers/web/json',
    status: 200,
  },
  {
    name: 'inspect of an own one by name (own)',
    role: 'own',
    method: 'GET',
    path: '/v1.51/containers/web/json',
    status: 200,
  },
  {
    name: 'list of 1,000 (observer)',
    role: 'observer',
    method: 'GET',
    path: '/v1.51/containers/json?all=1&limit=1000',
    status: 200,
  },
  {
    name: 'list of 1,000, 50 of them own, by an engine that filters none (own)',
    role: 'own',
    method: 'GET',
    path: '/v1.51/containers/json?all=1&limit=1000',
    status: 200,
  },
]

import type { Command, FlagCases } from './command.ts'
import { CREATE, RUN } from './create.ts'
import { SERVICE } from './service.ts'

const UPDATE: FlagCases = {
  '--blkio-weight': ['--blkio-weight 400'],
  '--cpu-period': ['--cpu-period 50000'],
  '--cpu-quota': ['--cpu-quota 25000 --cpu-period 50000'],
  '--cpu-rt-period': ['--cpu-rt-period 500000'],
  '--cpu-rt-runtime': ['--cpu-rt-runtime 900000'],
  '--cpu-shares': ['--cpu-shares 512', '-c 2'],
  '--cpus': ['--cpus 0.5', '--cpus 0.5 --cpu-quota 25000'],
  '--cpuset-cpus': ['--cpuset-cpus 0', '--cpuset-cpus 4096'],
  '--cpuset-mems': ['--cpuset-mems 0'],
  '--kernel-memory': ['--kernel-memory 32m'],
  '--memory': ['--memory 100m', '-m 1k'],
  '--memory-reservation': ['--memory-reservation 32m'],
  '--memory-swap': ['--memory-swap -1', '--memory-swap 1k'],
  '--pids-limit': ['--pids-limit 50', '--pids-limit -1'],
  '--restart': ['--restart on-failure:3', '--restart unless-stopped', '--restart wrong'],
}

const EXEC: FlagCases = {
  '--detach': ['--detach', '-d --env A=b'],
  '--detach-keys': ['--detach-keys ctrl-a,x', '--detach-keys wrong'],
  '--env': ["--env A=b -e 'SPACES=one two  three' -e EMPTY= -e 'QUOTED=\"\\\\<&>→'", '-e NOWHERE_SET', '-e =wrong'],
  '--env-file': ['--env-file environment', '--env-file nothing'],
  '--interactive': ['--interactive', '-i --detach'],
  '--privileged': ['--privileged'],
  '--tty': ['--tty', '-t --env TERM=dumb'],
  '--user': ['--user 7:8', '-u root', '-u nobody-knows'],
  '--workdir': ['--workdir /tmp', '-w /no/such/folder', '-w relative'],
}

const COMMIT: FlagCases = {
  '--author': [`--author 'A. Uthor <a@example.com>'`],
  '--change': [
    `--change 'CMD ["x", "y"]' --change 'ENV A=b c=d' -c 'LABEL k="v w"' -c 'USER 7:8' -c 'EXPOSE 80/tcp'`,
    `-c 'WORKDIR /x' -c 'VOLUME /v' -c 'STOPSIGNAL 9' -c 'HEALTHCHECK --interval=3s CMD x' -c 'ONBUILD RUN y' -c 'ENTRYPOINT z'`,
    `-c 'RUN x'`,
    `-c 'NONSENSE'`,
  ],
  '--message': [`--message 'why "it" is → there'`],
  '--pause': ['--pause=false', '-p'],
}

const BUILD: FlagCases = {
  '--add-host': ['--add-host one:10.0.0.1 --add-host two:10.0.0.2'],
  '--build-arg': [
    `--build-arg WHO=world --build-arg 'OTHER=a "b" → c' --file ctx/full`,
    '--build-arg WHO --build-arg HTTP_PROXY=http://x --file ctx/full',
  ],
  '--cache-from': ['--cache-from busybox:test --cache-from other:1'],
  '--cgroup-parent': ['--cgroup-parent /elsewhere'],
  '--compress': ['--compress --file ctx/full'],
  '--cpu-period': ['--cpu-period 50000'],
  '--cpu-quota': ['--cpu-quota 25000'],
  '--cpu-shares': ['-c 512'],
  '--cpuset-cpus': ['--cpuset-cpus 0'],
  '--cpuset-mems': ['--cpuset-mems 0'],
  '--disable-content-trust': ['--disable-content-trust'],
  '--file': ['--file ctx/full', '-f ctx/nothing'],
  '--force-rm': ['--force-rm'],
  '--iidfile': ['--iidfile cid'],
  '--isolation': ['--isolation default', '--isolation hyperv'],
  '--label': [`--label a=b --label 'c="d e" → f' --label only`],
  '--memory': ['--memory 64m', '-m 1k'],
  '--memory-swap': ['--memory 64m --memory-swap 128m'],
  '--network': ['--network none', '--network host', '--network nothing'],
  '--no-cache': ['--no-cache --file ctx/full'],
  '--platform': ['--platform linux/amd64', '--platform wrong/wrong/wrong/wrong'],
  '--pull': ['--pull=false'],
  '--quiet': ['-q'],
  '--rm': ['--rm'],
  '--security-opt': ['--security-opt seccomp=unconfined', '--security-opt credentialspec=file://x'],
  '--shm-size': ['--shm-size 128m'],
  '--squash': ['--squash'],
  '--tag': ['--tag one:1 --tag two --tag 127.0.0.1:5000/three/four:5', '-t UPPER'],
  '--target': ['--target first', '--target nothing'],
  '--ulimit': ['--ulimit nofile=1024:2048 --ulimit core=-1', '--ulimit nofile=2:1'],
}

const NETWORK_CREATE: FlagCases = {
  '--attachable': ['--attachable'],
  '--aux-address': ['--subnet 10.98.0.0/24 --aux-address one=10.98.0.5 --aux-address two=10.98.0.6'],
  '--config-from': ['--config-from settings', '--config-from nothing'],
  '--config-only': ['--config-only --subnet 10.98.0.0/24 --label a=b'],
  '--driver': ['--driver bridge', '-d macvlan', '-d ipvlan', '-d overlay', '-d host'],
  '--gateway': ['--subnet 10.98.0.0/24 --gateway 10.98.0.9', '--subnet 10.98.0.0/24 --gateway 10.97.0.1'],
  '--ingress': ['--ingress --driver overlay'],
  '--internal': ['--internal'],
  '--ip-range': ['--subnet 10.98.0.0/24 --ip-range 10.98.0.128/25'],
  '--ipam-driver': ['--ipam-driver default', '--ipam-driver null'],
  '--ipam-opt': ['--ipam-opt a=b --ipam-opt c=d'],
  '--ipv4': ['--ipv4=false --ipv6 --subnet fd00:98::/64', '--ipv4'],
  '--ipv6': ['--ipv6 --subnet fd00:98::/64 --gateway fd00:98::1', '--ipv6=false'],
  '--label': [`--label a=b --label only --label 'c=ä "d"'`],
  '--opt': [
    '--opt com.docker.network.bridge.name=named -o com.docker.network.bridge.enable_icc=false -o com.docker.network.driver.mtu=1400',
    '-o com.docker.network.bridge.enable_icc=perhaps',
  ],
  '--scope': ['--scope local', '--scope global', '--scope swarm'],
  '--subnet': [
    '--subnet 10.98.0.0/24 --subnet 10.97.0.0/24',
    '--subnet 10.98.0.0/16',
    '--subnet 10.99.0.0/24',
    '--subnet wrong',
  ],
}

const NETWORK_CONNECT: FlagCases = {
  '--alias': ['--alias one --alias two.three'],
  '--driver-opt': [
    '--driver-opt a=b --driver-opt com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.log_martians=1',
  ],
  '--gw-priority': ['--gw-priority 7', '--gw-priority -1'],
  '--ip': ['--ip 10.99.0.7', '--ip 10.1.2.3', '--ip wrong'],
  '--ip6': ['--ip6 fd00:99::7'],
  '--link': ['--link other:alias', '--link nobody:alias'],
  '--link-local-ip': ['--link-local-ip 169.254.7.7'],
}

const VOLUME_CREATE: FlagCases = {
  '--availability': ['--availability drain'],
  '--driver': ['--driver local'],
  '--group': ['--group g'],
  '--label': [`--label a=b --label only --label 'c=ä "d"'`],
  '--limit-bytes': ['--limit-bytes 1g'],
  '--opt': [
    '--opt type=tmpfs --opt device=tmpfs -o o=size=1m,uid=7',
    '-o type=none -o o=bind -o device=$PWD',
    '-o nothing=x',
  ],
  '--required-bytes': ['--required-bytes 1m'],
  '--scope': ['--scope multi'],
  '--secret': ['--secret key=x'],
  '--sharing': ['--sharing all'],
  '--topology-preferred': ['--topology-preferred region=a'],
  '--topology-required': ['--topology-required region=b'],
  '--type': ['--type mount', '--type block'],
}

const PULL: FlagCases = {
  '--all-tags': ['--all-tags 127.0.0.1:1/nothing', '-a 127.0.0.1:1/nothing:here'],
  '--disable-content-trust': ['--disable-content-trust 127.0.0.1:1/nothing:here'],
  '--platform': ['--platform linux/arm64 127.0.0.1:1/nothing:here', '--platform x/y/z/w 127.0.0.1:1/nothing'],
  '--quiet': ['--quiet 127.0.0.1:1/nothing:here', `-q 127.0.0.1:1/nothing@sha256:${'0'.repeat(64)}`, '-q UPPER'],
}

const PUSH: FlagCases = {
  '--all-tags': ['--all-tags 127.0.0.1:1/mine', '-a 127.0.0.1:1/mine:1', '-a nothing'],
  '--disable-content-trust': ['--disable-content-trust 127.0.0.1:1/mine:1'],
  '--platform': ['--platform linux/amd64 127.0.0.1:1/mine:1'],
  '--quiet': ['--quiet 127.0.0.1:1/mine:1', '-q 127.0.0.1:1/mine:2', '-q nothing:here', '-q UPPER'],
}

const COPY: FlagCases = {
  '--archive': ['--archive file box:/copied', '-a box:/bin/true out', '-a ctx box:/made'],
  '--follow-link': ['--follow-link link box:/copied', '-L box:/bin/sh out', 'link box:/copied'],
  '--quiet': ['--quiet file box:/copied', '-q box:/nothing out', '-q box:/bin/true out'],
}

const SHOW = `id; pwd; test -t 1 && echo terminal; env | sort; grep -E '^(Cap|Seccomp|NoNewPrivs)' /proc/self/status`

const CREATING: Command = {
  name: 'create',
  cases: CREATE,
  onUnixSocket: ['--use-api-socket'],
  refused: [
    '--cap-add NOTHING',
    '--mount type=bind,source=relative,target=/x',
    '--restart wrong',
    '--security-opt nothing=x',
    '-v data:/x:nothing',
  ],
  script: (flags) => `docker create ${flags} busybox:test true`,
}

/** The ordinary commands that take flags. */
export const COMMANDS: readonly Command[] = [
  CREATING,
  {
    name: 'run',
    cases: RUN,
    besides: [CREATING],
    script: (flags) => `docker run --network none ${flags}`,
  },
  {
    name: 'update',
    cases: UPDATE,
    refused: ['--restart wrong'],
    script: (flags) => `docker create --name box --memory 64m busybox:test true && docker update ${flags} box`,
  },
  { name: 'exec', cases: EXEC, script: (flags) => `docker exec ${flags} other sh -c "${SHOW}" </dev/null` },
  {
    name: 'commit',
    cases: COMMIT,
    refused: ["-c 'RUN x'", "-c 'NONSENSE'"],
    script: (flags) => `docker create --name box --env A=b busybox:test true && docker commit ${flags} box made:1`,
  },
  { name: 'build', cases: BUILD, script: (flags) => `docker build --rm=false ${flags} ctx` },
  { name: 'network create', cases: NETWORK_CREATE, script: (flags) => `docker network create ${flags} made` },
  {
    name: 'network connect',
    cases: NETWORK_CONNECT,
    script: (flags) =>
      `docker create --name box --network back busybox:test true && docker network connect ${flags} front box`,
  },
  { name: 'volume create', cases: VOLUME_CREATE, script: (flags) => `docker volume create ${flags} made` },
  { name: 'pull', cases: PULL, script: (flags) => `docker pull ${flags}` },
  {
    name: 'push',
    cases: PUSH,
    script: (flags) =>
      `docker tag busybox:test 127.0.0.1:1/mine:1 && docker push ${flags}; status=$?; docker rmi 127.0.0.1:1/mine:1; exit $status`,
  },
  {
    name: 'cp',
    cases: COPY,
    script: (flags) => `docker create --name box busybox:test true && docker cp ${flags} && docker diff box | sort`,
  },
]

/** Those that need a swarm. */
export const SWARM_COMMANDS: readonly Command[] = [
  {
    name: 'service create',
    cases: SERVICE,
    refused: ['--restart-condition wrong'],
    script: (flags) =>
      `docker service create --detach --no-resolve-image --constraint node.labels.none==1 ${flags} busybox:test true`,
  },
]

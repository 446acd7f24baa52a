import type { Theme } from '../observe.ts'

/**
 * The modern engine's own client with buildx: tunnels of HTTP/2 to BuildKit. `modern` runs it. Plain progress comes in
 * the order in which things happen to end, so it is sorted. buildx sends neither the configured HttpHeaders nor
 * DOCKER_CUSTOM_HEADERS, so that only a client certificate can say who it is.
 */
export const buildkit: Theme = {
  name: 'buildx',
  routes: ['mtls'],
  steps: [
    {
      name: 'buildx build: context, argument, secret',
      script: `mkdir ctx; echo content >ctx/file; echo hidden >secret
printf 'FROM busybox:test\\nARG WHO\\nCOPY file /src/\\nRUN --mount=type=secret,id=s test "$(cat /run/secrets/s)" = hidden\\nRUN echo "hello $WHO" >/hello; cat /src/file\\nCMD ["cat", "/hello"]\\n' >ctx/Dockerfile
modern buildx build --progress plain --network none --build-arg WHO=world --secret id=s,src=secret --tag built:1 ctx >out 2>&1; echo $?
sed 's/^#[0-9]* //; s/^[0-9.]* //; /^transferring/d; s/\\( [0-9.]*s\\)\\?\\( done\\)\\?$//' out | sort -u
docker run --rm --net none built:1`,
    },
    {
      name: 'buildx build: from standard input, quietly, and a result that comes back',
      script: `printf 'FROM busybox:test\\nLABEL from=stdin\\n' | modern buildx build --quiet --tag built:1 -
docker image inspect --format '{{json .Config.Labels}}' built:1
printf 'FROM busybox:test AS base\\nRUN seq 1000000 >/numbers\\nFROM scratch\\nCOPY --from=base /numbers /\\n' | modern buildx build --quiet --network none --output type=local,dest=result -; md5sum result/numbers`,
    },
    {
      name: 'docker build with BuildKit',
      script: `mkdir ctx; seq 1000000 >ctx/numbers; printf 'FROM busybox:test\\nCOPY numbers /\\n' >ctx/Dockerfile
modern build --quiet --tag built:1 ctx; docker run --rm --net none built:1 md5sum /numbers; modern builder prune --all --force | grep -c Total`,
    },
    {
      name: 'buildx build that fails',
      script: `printf 'FROM busybox:test\\nRUN echo before; exit 21\\n' | modern buildx build --progress plain --network none - >out 2>&1; echo $?; grep -c 'did not complete successfully: exit code: 21' out`,
    },
    {
      name: 'buildx build cut off by Ctrl-C',
      script: `printf 'FROM busybox:test\\nRUN echo running; sleep 1000\\n' | interruptible "\${modern[@]}" buildx build --progress plain --network none - >out 2>&1 &
until_output out '[0-9] running'; kill -INT $!; wait $!; echo $?`,
    },
    {
      name: 'compose build',
      script: `mkdir ctx; printf 'FROM busybox:test\\nCMD ["echo", "built"]\\n' >ctx/Dockerfile
printf 'services: { made: { build: ctx, network_mode: none } }\\n' >compose.yml
modern compose --project-name p --ansi never build --quiet; echo $?
modern compose --project-name p --ansi never run --rm -T made 2>/dev/null`,
    },
  ],
}

/** Compose v2 without BuildKit. */
export const compose: Theme = {
  name: 'Compose v2',
  steps: [
    {
      name: 'up, ps, logs, exec, run, down',
      script: `cat >compose.yml <<'YAML'
services:
  web: { image: "busybox:test", command: "sh -c 'echo web serving; exec sleep 1000'", stop_grace_period: 0s, volumes: ["data:/data"] }
  next: { image: "busybox:test", command: "sh -c 'echo next serving; exec sleep 1000'", depends_on: [web], stop_grace_period: 0s }
volumes: { data: {} }
YAML
compose() { modern compose --progress plain --ansi never --project-name p "$@"; }
compose up --detach 2>/dev/null; echo $?
for one in web next; do until compose logs --no-log-prefix $one | grep serving; do :; done; done
compose ps --format '{{.Name}} {{.Service}} {{.State}}' | sort
compose exec -T web sh -c 'echo inside; exit 7'; echo $?; echo typed | compose exec -T next cat
compose run --rm --no-deps -T web echo once 2>/dev/null
compose down --volumes 2>down; echo $?; sort down | sed 's/ *$//' | uniq`,
    },
    {
      name: 'up in the foreground, ended by its service',
      script: `printf 'services: { one: { image: "busybox:test", command: ["sh", "-c", "echo from one; exit 3"], network_mode: none } }\\n' >compose.yml
modern compose --progress quiet --ansi never --project-name p up --exit-code-from one 2>/dev/null | grep from; echo \${PIPESTATUS[0]}
modern compose --project-name p down 2>/dev/null`,
    },
  ],
}

import { describe, expect, it } from 'vitest'
import type { Comparison } from './compare.ts'
import { observe, type Step } from './observe.ts'
import { compose } from './steps/buildkit.ts'

/** What jobs of a CI system do, in the order in which they do it. */
export const STEPS: readonly Step[] = [
  {
    name: 'an image that cannot be had',
    script: `docker pull --quiet nobody/nothing:here >/dev/null 2>&1; echo $?; docker run --rm --pull never nobody/nothing:here; echo $?; docker image inspect --format '{{.RepoTags}}' busybox:test`,
  },
  {
    name: 'a test run that fails, in a container that is as small as it can be',
    script: `docker run --rm --init --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --user 1000:1000 \\
  --memory 256m --cpus 1 --pids-limit 100 --shm-size 128m --ulimit nofile=1024 --stop-timeout 5 --log-driver json-file --log-opt max-size=1m \\
  --env CI=true --label job=7 --hostname runner --add-host gate:host-gateway --dns 10.0.0.53 --workdir /tmp busybox:test \\
  sh -c 'id; pwd; hostname; echo $CI; touch /tmp/x && ls; touch /x; ulimit -n; grep -E "^(CapEff|NoNewPrivs)" /proc/self/status; exit 7'
echo $?`,
  },
  {
    name: 'a source tree by a volume and cp, and the artefacts back',
    script: `mkdir src; echo 'int main;' >src/main.c; docker volume create --label job=7 work; docker volume inspect --format '{{.Driver}} {{.Labels}}' work
docker create --name build --volume work:/work --workdir /work busybox:test sh -c 'wc -c src/main.c >result; cat result'
docker cp src build:/work/; docker start --attach build; docker cp build:/work/result result; cat result; tar -c src | docker cp - build:/work; docker cp build:/work/src - | tar -t
docker diff build; docker rm --volumes build; docker volume ls --format '{{.Name}}'; docker volume rm work`,
  },
  {
    name: 'a service in a network of its own, used from another container',
    script: `docker network create --label job=7 net; docker network inspect --format '{{.Driver}} {{.Labels}}' net
docker run --detach --name web --network net --network-alias service --health-cmd 'test -e /index.html' --health-interval 100ms busybox:test sh -c 'echo served >/index.html; exec httpd -f -p 8080'
until [ "$(docker inspect --format '{{.State.Health.Status}}' web)" = healthy ]; do :; done
docker run --rm --network net busybox:test wget -qO- http://service:8080/index.html
docker create --name late busybox:test wget -qO- http://service:8080/; docker network connect --alias other net late; docker start --attach late; docker network disconnect net late
docker stop --time 0 web; docker wait web; docker rm web late; docker network rm net`,
  },
  {
    name: 'a port on this host',
    script: `docker run --detach --name web --publish 127.0.0.1::80 --publish 127.0.0.1:18080:81 busybox:test sleep 1000; docker port web | sed 's/:[0-9]*$//' | sort; docker port web 81; docker kill web`,
  },
  {
    name: 'exec, logs, top, inspect of what runs',
    script: `docker run --detach --name box --network none busybox:test sh -c 'echo started; echo warned >&2; exec sleep 1000'
until docker logs box 2>&1 | grep -q warned; do :; done; docker logs box
docker exec --env A=b --user 7:8 --workdir /tmp box sh -c 'echo $A; id; pwd; exit 5'; echo $?; echo typed | docker exec --interactive box cat; docker exec --detach box true; docker exec box no-such-command; echo $?
docker top box | wc -l; docker ps --filter name=box --format '{{.Names}} {{.Image}}'; docker stats --no-stream --format '{{.Name}}' box
docker inspect --format '{{.State.Status}} {{json .Config.Cmd}}' box
docker rename box tube; docker pause tube; docker unpause tube; docker restart --time 0 tube; docker rm --force tube; docker rm tube; echo $?`,
  },
  {
    name: 'a terminal, and standard input',
    script: `in_terminal "docker run --rm -it --network none busybox:test sh -c 'test -t 0 && echo a terminal'"
printf 'one\\ntwo\\n' | docker run --rm --interactive --network none busybox:test wc -l
docker run --detach --interactive --name box --network none busybox:test head -n 1 >/dev/null; echo attached | docker attach --detach-keys ctrl-x box >/dev/null; docker wait box; docker logs box`,
  },
]

/** Without `run`, which asks for links to other containers. */
const COMPOSE_1: Step = {
  name: 'Compose 1.29',
  script: `cat >compose.yml <<'YAML'
version: "3.7"
services:
  web: { image: "busybox:test", command: "sh -c 'echo serving; exec sleep 1000'", stop_grace_period: 0s, volumes: ["data:/data"] }
volumes: { data: {} }
YAML
compose() { docker-compose --no-ansi --project-name p --file compose.yml "$@"; }
compose up --detach; until docker logs p_web_1 | grep -q serving; do :; done
compose logs --no-color; compose exec -T web sh -c 'echo inside; exit 7'; echo $?; compose down --volumes --timeout 0`,
}

/** A CI job that `ci-run` is for: it prints, returns and does what it does without the gate. */
export function ciRunTests(parts: Comparison, role: string): void {
  const compare = async (step: Step, listener: 'tcp' | 'tls') => {
    const wanted = await observe(parts.engine(), parts.direct(), step)
    expect(await observe(parts.engine(), await parts.gate().routeOf(role, listener), step)).toEqual(wanted)
  }
  describe('a job under ci-run', () => {
    it.each(STEPS)('$name', (step) => compare(step, 'tls'))

    it('Compose, of the version that comes with the engine', async () => {
      const [first] = compose.steps
      // Compose 1.29 does TLS with a client certificate alone.
      if (parts.engine().name === 'old' || first === undefined) await compare(COMPOSE_1, 'tcp')
      else await compare(first, 'tls')
    })
  })
}

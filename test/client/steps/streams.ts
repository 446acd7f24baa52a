import type { Theme } from '../observe.ts'

/** Attach, exec and logs: what comes over a connection that the engine has taken over. */
export const streams: Theme = {
  name: 'streams',
  byEveryRoute: true,
  steps: [
    {
      name: 'exec: output, errors and exit status',
      script: `docker run -d --name box --net none busybox:test sleep 1000
docker exec box sh -c 'echo out; echo err >&2; exit 13'; echo $?`,
    },
    {
      name: 'exec -i',
      script: `docker run -d --name box --net none busybox:test sleep 1000; seq 1000 | docker exec -i box wc -l; docker exec -i box cat </dev/null; echo $?`,
    },
    {
      name: 'exec of a command that is not there',
      script: `docker run -d --name box --net none busybox:test sleep 1000; docker exec box /no/such; echo $?; docker exec box /etc; echo $?`,
    },
    {
      name: 'exec in a container that does not run',
      script:
        'docker create --name box busybox:test true; docker exec box true; echo $?; docker exec nothing true; echo $?',
    },
    {
      name: 'exec -d, -e, -u, -w, --privileged',
      script: `docker run -d --name box --net none busybox:test sleep 1000
docker exec -e A=b -u 7 -w /tmp box sh -c 'echo $A; id -u; pwd'
docker exec -d box touch /tmp/detached; until docker exec box test -e /tmp/detached; do :; done
docker exec --privileged box true; echo $?`,
    },
    {
      name: 'exec -t and -it',
      script: `docker run -d --name box --net none busybox:test sleep 1000; docker exec -t box tty; docker exec -it box true; echo $?
{ until_output out ready; echo 'echo $((6 * 7))'; until_output out 42; printf 'exit 5\\r'; } |
in_terminal "docker exec -it box sh -c 'until [ \\"\\$(stty size 2>/dev/null)\\" = \\"40 100\\" ]; do :; done; echo ready; exec env PS1= sh'" >out; echo $?
cat out`,
    },
    {
      name: 'exec: 200,000 lines each way',
      script: `docker run -d --name box --net none busybox:test sleep 1000; seq 200000 | docker exec -i box tee /dev/stderr 2>err | md5sum; md5sum <err`,
    },
    {
      name: 'exec inspect by the API',
      script: `docker run -d --name box --net none busybox:test sleep 1000
id=$(api /containers/box/exec -X POST -H 'Content-Type: application/json' -d '{"Cmd": ["sh", "-c", "exit 14"], "AttachStdout": true}' | sed 's/.*"Id":"\\([0-9a-f]*\\)".*/\\1/')
api "/exec/$id/start" -X POST -H 'Content-Type: application/json' -d '{"Detach": false}'; echo $?
api "/exec/$id/json" | grep -o '"ExitCode":[0-9]*'; api "/exec/$id/start" -X POST -H 'Content-Type: application/json' -d '{}'`,
    },
    {
      name: 'attach sees output and the end',
      script: `docker run -d -i --name box --net none busybox:test sh -c 'read a; echo "got $a"; exit 15'; { echo word; until_output out got; } | docker attach box >out; echo $?; cat out`,
    },
    {
      name: 'attach --no-stdin',
      script: `docker run -d --name box --net none busybox:test sh -c 'until [ -e /go ]; do echo tick; sleep 0.05; done; echo seen; exit 16'
docker attach --no-stdin box >out & until_output out tick; docker exec box touch /go; wait $!; echo $?; uniq out`,
    },
    {
      name: 'attach to one that has ended',
      script: 'docker run --name box --net none busybox:test true; docker attach box; echo $?',
    },
    {
      name: 'attach in a terminal',
      script: `docker run -dit --name box --net none busybox:test sh -c 'read a; echo "got $a"; exit 17'
{ until_output out word; } | { printf 'word\\r'; cat; } | in_terminal 'docker attach box' >out; echo $?
docker logs box`,
    },
    // docker 28.2 hangs at its detach keys on plain TCP, whatever stands between it and the engine.
    {
      name: 'attach: detach keys leave it running',
      routes: ['tls+token', 'mtls'],
      script: `docker run -dit --name box --net none busybox:test sh -c 'read a; echo "got $a"; exec sleep 1000'
{ printf 'word\\r'; until_output out got; printf '\\020\\021'; } | in_terminal 'docker attach box' >out; echo $?; tail -n 1 out
docker ps --format '{{.Names}} {{.State}}'`,
    },
    {
      name: 'logs: both streams, --tail, --timestamps',
      script: `docker run --name box --net none busybox:test sh -c 'echo out; echo err >&2' >/dev/null 2>&1; docker run --name five --net none busybox:test seq 5 >/dev/null
docker logs box; docker logs --tail 2 five; docker logs --timestamps --tail 1 five; docker logs --tail 0 five`,
    },
    {
      name: 'logs --since and --until',
      script: `docker run -d --name box --net none busybox:test sh -c 'echo early; until [ -e /go ]; do sleep 0.05; done; echo late; exec sleep 1000'
until docker logs box | grep -q early; do :; done
between=$(date +%s.%N); docker exec box touch /go; until docker logs box | grep -q late; do :; done
docker logs --since "$between" box; docker logs --until "$between" box; docker logs --since 1h box; docker logs --since nonsense box; echo $?`,
    },
    {
      name: 'logs -f follows to the end',
      script: `docker run -d --name box --net none busybox:test sh -c 'for i in 1 2 3; do echo $i; sleep 0.1; done'; docker logs -f box; echo $?; docker wait box`,
    },
    {
      name: 'logs -f ended by Ctrl-C',
      script: `docker run -d --name box --net none busybox:test sh -c 'echo up; exec sleep 1000'
interruptible docker logs -f box >out & until_output out up; kill -INT $!; wait $!; echo $?; cat out`,
    },
    {
      name: 'logs of a terminal',
      script: `docker run -t --name box --net none busybox:test sh -c 'echo out; echo err >&2' >/dev/null; docker logs box`,
    },
    {
      name: 'logs of a driver that keeps none',
      script: `docker run --log-driver none --name box --net none busybox:test echo gone; docker logs box; echo $?`,
    },
  ],
}

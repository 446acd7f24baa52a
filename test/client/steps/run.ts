import type { Theme } from '../observe.ts'

/** `docker run` in all its ways, with what it leaves as its exit status. */
export const run: Theme = {
  name: 'run',
  steps: [
    {
      name: 'output on both streams',
      script: `docker run --net none --name box busybox:test sh -c 'echo out; echo err >&2'`,
    },
    {
      name: '--rm leaves nothing',
      script: 'docker run --rm --net none --name box busybox:test echo hello; docker ps --all --quiet',
    },
    {
      name: 'the exit statuses 0, 1 and 3 of the command',
      script: `for status in 0 1 3; do docker run --rm --net none busybox:test sh -c "exit $status"; echo "$?"; done`,
    },
    {
      name: 'exit status 125 for a flag that the engine refuses',
      script:
        'docker run --rm --memory 1k busybox:test true; echo $?; docker run --rm --no-such-flag busybox:test true; echo $?',
    },
    {
      name: 'exit status 125 for an image that cannot be had',
      script: 'docker run --rm 127.0.0.1:1/nothing:here true; echo $?',
    },
    {
      name: 'exit status 126 for a command that is no program',
      script: 'docker run --name box --net none busybox:test /etc; echo $?',
    },
    {
      name: 'exit status 127 for a command that is not there',
      script: 'docker run --name box --net none busybox:test /no/such/command; echo $?',
    },
    {
      name: 'exit status 137 when it is killed',
      script: `docker run --rm --net none busybox:test sh -c 'sh -c "kill -KILL \\$\\$"; exit $?'; echo $?`,
    },
    {
      name: 'exit status 137 when docker kill kills it',
      script: `docker run --net none --name box busybox:test sh -c 'echo up; sleep 1000' >out &
until_output out up
docker kill box
wait $!; echo $?`,
    },
    {
      name: '-i reads standard input to its end',
      script: `printf 'one\\ntwo\\n' | docker run --rm -i --net none busybox:test wc -l`,
    },
    { name: '-i with no input', script: 'docker run --rm -i --net none busybox:test cat </dev/null; echo $?' },
    {
      name: '-i with more input than the command reads',
      script: `seq 200000 | docker run --rm -i --net none busybox:test head -n 1; echo $?`,
    },
    {
      name: 'without -i standard input stays unread',
      script: `echo lost | docker run --rm --net none busybox:test cat; echo $?`,
    },
    { name: '200,000 lines arrive whole', script: `docker run --rm --net none busybox:test seq 200000 | md5sum` },
    {
      name: '200,000 lines arrive whole on each of two streams',
      script: `docker run --rm --net none busybox:test sh -c 'seq 200000 >&2 & seq 200000; wait' 2>err | md5sum; md5sum <err`,
    },
    { name: '-t without -i', script: `docker run --rm -t --net none busybox:test sh -c 'tty; echo err >&2'` },
    { name: '-it without a terminal', script: `docker run --rm -it --net none busybox:test true; echo $?` },
    {
      name: '-it in a terminal: its size, and what is typed',
      script: `{ until_output out ready; echo 'echo $((6 * 7))'; until_output out 42; printf 'exit 5\\r'; } |
in_terminal "docker run --rm -it --net none busybox:test sh -c 'until [ \\"\\$(stty size 2>/dev/null)\\" = \\"40 100\\" ]; do :; done; stty size; echo ready; exec env PS1= sh'" >out; echo $?
cat out`,
    },
    {
      name: '-it: Ctrl-C reaches the command',
      script: `{ until_output out ready; printf '\\003'; until_output out caught; } |
in_terminal "docker run --rm -it --net none busybox:test sh -c 'trap \\"echo caught; exit 6\\" INT; echo ready; while :; do sleep 0.1; done'" >out; echo $?
cat out`,
    },
    {
      name: 'Ctrl-C without a terminal is passed on as a signal',
      script: `interruptible docker run --rm --net none busybox:test sh -c 'trap "echo caught; exit 6" INT; echo ready; while :; do sleep 0.1; done' >out &
until_output out ready
kill -INT $!
wait $!; echo $?
cat out`,
    },
    {
      name: '-d prints the id and comes back',
      script: `docker run -d --net none --name box busybox:test sh -c 'echo in the background; exec sleep 1000'
docker ps --format '{{.Names}} {{.Status}} {{.Command}}'`,
    },
    {
      name: '-d --rm removes it at its end',
      script: `docker run -d --rm --net none --name box busybox:test sleep 1000; docker kill box; until ! docker inspect box >/dev/null 2>&1; do :; done`,
    },
    { name: '--cidfile', script: 'docker run --rm --net none --cidfile id busybox:test true; wc -c <id' },
    {
      name: 'environment, user, working folder, labels, limits, read-only root',
      script: `printf 'FROM_FILE=1\\n' >env
docker run --name box --net none -e A=b --env-file env -u 7:8 -w /tmp -l k=v --memory 32m --cpus 0.5 --pids-limit 50 --read-only --tmpfs /scratch --cap-drop ALL --hostname box busybox:test sh -c 'env | sort; id; pwd; hostname; touch /x'
docker inspect --format '{{json .Config.Env}} {{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{json .HostConfig.Tmpfs}}' box`,
    },
    {
      name: 'mounts: bind, volume and --mount',
      script: `echo from the host >file
docker run --rm --net none -v "$PWD/file:/file:ro" -v data:/data --mount type=tmpfs,destination=/t busybox:test sh -c 'cat /file; echo kept >/data/x; echo no >/file'
docker run --rm --net none -v data:/data busybox:test cat /data/x`,
    },
    {
      name: 'published ports',
      script: `docker run -d --name box -p 127.0.0.1:18080:80 -p 5353:53/udp busybox:test sleep 1000; docker port box; docker port box 80/tcp; docker ps --format '{{.Ports}}'`,
    },
    {
      name: 'a health check',
      script: `docker run -d --net none --name box --health-cmd 'echo fine' --health-interval 100ms busybox:test sleep 1000
until [ "$(docker inspect --format '{{.State.Health.Status}}' box)" = healthy ]; do :; done
docker inspect --format '{{(index .State.Health.Log 0).Output}}' box`,
    },
    {
      name: 'a restart policy',
      script: `docker run -d --net none --name box --restart on-failure:2 busybox:test false
until [ "$(docker inspect --format '{{.State.Status}} {{.RestartCount}}' box)" = 'exited 2' ]; do :; done; docker inspect --format '{{.State.ExitCode}}' box`,
    },
  ],
}

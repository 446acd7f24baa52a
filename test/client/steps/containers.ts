import type { Theme } from '../observe.ts'

/** A container's life, step by step. */
export const containers: Theme = {
  name: 'containers',
  steps: [
    {
      name: 'create, inspect, start -a',
      script: `docker create --name box --net none busybox:test sh -c 'echo started; exit 9'
docker inspect --format '{{.State.Status}} {{.Path}} {{json .Args}} {{.Name}}' box
docker start -a box; echo $?
docker inspect --format '{{.State.Status}} {{.State.ExitCode}}' box`,
    },
    {
      name: 'inspect in full',
      script:
        'docker create --name box --net none --label a=b busybox:test true; docker inspect box; docker inspect --size --format "{{.SizeRw}}" box',
    },
    {
      name: 'start -ai with input',
      script: `docker create -i --name box --net none busybox:test wc -c; printf 12345 | docker start -ai box`,
    },
    {
      name: 'create with a name that is taken',
      script:
        'docker create --name box busybox:test true >/dev/null; docker create --name box busybox:test true; echo $?',
    },
    { name: 'create --name with bad characters', script: "docker create --name 'a b' busybox:test true; echo $?" },
    {
      name: 'wait gives the exit status',
      script: `docker run -d -i --name box --net none busybox:test sh -c 'read line; exit 11'
docker wait box >status &
echo go | docker attach box
wait $!; cat status; docker wait box`,
    },
    {
      name: 'wait --condition next-exit and removed by the API',
      script: `docker run -d --name box --net none busybox:test sleep 1000
api '/containers/box/wait?condition=removed' -X POST >answer &
docker rm --force box
wait $!; cat answer`,
    },
    {
      name: 'kill, with a signal too',
      // An init that is not ready yet would not hear the signal, so the command says when it is.
      script: `docker run -d --name box --net none busybox:test sh -c 'trap "exit 5" TERM; echo up; while :; do sleep 0.1; done'
until docker logs box | grep -q up; do sleep 0.1; done
docker kill --signal TERM box; docker wait box; docker kill box; echo $?`,
    },
    {
      name: 'stop -t 0, stop of a stopped one',
      script:
        'docker run -d --name box --net none busybox:test sleep 1000; docker stop -t 0 box; docker stop box; docker inspect --format "{{.State.ExitCode}}" box',
    },
    {
      name: 'stop waits for a clean end',
      script: `docker run -d --name box --net none busybox:test sh -c 'trap "echo bye; exit 12" TERM; echo up; while :; do sleep 0.1; done'
docker logs -f box >out &
until_output out up
docker stop box; docker wait box; wait; cat out`,
    },
    {
      name: 'restart',
      script: `docker run -d --name box --net none busybox:test sh -c 'echo run; exec sleep 1000'; docker restart -t 0 box; docker logs box`,
    },
    {
      name: 'pause and unpause',
      script: `docker run -d --name box --net none busybox:test sleep 1000; docker pause box; docker ps --format '{{.Names}} {{.Status}}'; docker exec box true; echo $?; docker unpause box; docker unpause box; echo $?`,
    },
    {
      name: 'rename',
      script:
        'docker create --name box busybox:test true >/dev/null; docker rename box other; docker inspect --format "{{.Name}}" other; docker rename other other; echo $?',
    },
    {
      name: 'update',
      script: `docker run -d --name box --net none --memory 64m --memory-swap 64m busybox:test sleep 1000; docker update --memory 32m --memory-swap 32m --cpu-shares 512 --restart no box
docker inspect --format '{{.HostConfig.Memory}} {{.HostConfig.CpuShares}}' box; docker update --memory 1k box; echo $?`,
    },
    {
      name: 'top',
      script: `docker run -d --name box --net none busybox:test sleep 1000; docker top box -o pid,args | tail -n 1 | sed 's/^ *[0-9]*//'; docker top box | wc -l; docker top box -o nonsense; echo $?`,
    },
    {
      name: 'stats --no-stream',
      script: `docker run -d --name box --net none busybox:test sleep 1000; docker stats --no-stream box | sed 's/[0-9.]*[kKMG]*i*B//g'; docker stats --no-stream --format '{{.Name}} {{.Container}} {{.PIDs}}' box`,
    },
    {
      name: 'stats as they come, ended by Ctrl-C',
      script: `docker run -d --name box --net none busybox:test sleep 1000
interruptible docker stats --format '{{.Name}} {{.PIDs}}' >out & until_output out 'box 1'; kill -INT $!; wait $!; echo $?`,
    },
    {
      name: 'rm of a running one, rm --force, rm --volumes',
      script: `docker run -d --name box --net none -v /anonymous busybox:test sleep 1000; docker rm box; echo $?; docker rm --force --volumes box; docker volume ls --quiet`,
    },
    {
      name: 'diff',
      script: `docker run --name box --net none busybox:test sh -c 'echo x >/tmp/new; rm /etc/passwd; mkdir /made'; docker diff box | sort`,
    },
    {
      name: 'commit with changes and a message',
      script: `docker run --name box --net none busybox:test sh -c 'echo content >/file'
docker commit --change 'ENV A=b' --change 'CMD ["cat", "/file"]' --author me --message why box committed:1
docker run --rm --net none committed:1
docker image inspect --format '{{.Author}} {{.Comment}} {{json .Config.Env}} {{json .Config.Cmd}}' committed:1`,
    },
    {
      name: 'export',
      script: `docker run --name box --net none busybox:test sh -c 'echo content >/file'; docker export box | tar -t | sort | grep -v ^bin/; docker export --output c.tar box; tar -xOf c.tar file`,
    },
  ],
}

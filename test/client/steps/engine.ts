import type { Theme } from '../observe.ts'

/** What the client asks of the engine as a whole. */
export const engine: Theme = {
  name: 'engine',
  steps: [
    { name: 'version', script: 'docker version' },
    { name: 'version, one field', script: "docker version --format '{{.Server.APIVersion}} {{.Client.APIVersion}}'" },
    { name: 'info', script: "docker info | sed 's/Runtimes:.*//'" },
    { name: 'ps of nothing', script: 'docker ps --all' },
    {
      name: 'ps with filters and formats',
      script: `docker create --name web --label tier=front busybox:test true
docker run --net none --name done busybox:test true
until [ -z "$(docker ps --quiet)" ]; do :; done
docker ps
docker ps --all
docker ps --all --filter label=tier=front --format '{{.Names}} {{.Image}} {{.Labels}}'
docker ps --all --filter status=exited --quiet --no-trunc
docker ps --last 1 --size --format '{{.Names}} {{.Size}}'`,
    },
    {
      name: 'images',
      script:
        "docker images; docker images --no-trunc --quiet; docker images 'nothing*'; docker image inspect busybox:test",
    },
    { name: 'an image that is not there', script: 'docker image inspect nothing:here' },
    {
      name: 'a container that is not there',
      script:
        'docker inspect nothing; echo $?; docker logs nothing; echo $?; docker stop nothing; echo $?; docker attach nothing',
    },
    {
      name: 'a pull that fails',
      script: 'docker pull 127.0.0.1:1/nothing:here; echo $?; docker pull --quiet 127.0.0.1:1/nothing:here',
    },
    {
      name: 'a push that fails',
      script: 'docker tag busybox:test 127.0.0.1:1/pushed:1; docker push 127.0.0.1:1/pushed:1',
    },
    { name: 'a login that fails', script: 'docker login --username somebody --password secret 127.0.0.1:1' },
    { name: 'search that fails', script: 'docker search 127.0.0.1:1/anything' },
    {
      name: 'events of the past, with filters',
      script: `since=$(date +%s.%N)
docker run --net none --name told --label a=b busybox:test true
docker create --name untold busybox:test true
until=$(date +%s.%N)
docker events --since "$since" --until "$until" --filter container=told --format '{{.Type}} {{.Action}} {{.Actor.Attributes.name}}'
docker events --since "$since" --until "$until" --filter label=a=b --filter event=die --format '{{json .Actor.Attributes}}'
docker events --since "$since" --until "$until" --filter type=volume`,
    },
    {
      name: 'events as they come, ended by Ctrl-C',
      script: `interruptible docker events --filter container=seen --filter event=create --filter event=die --format '{{.Action}} {{.Actor.Attributes.name}}' >events 2>&1 &
watcher=$!
until grep -q create events 2>/dev/null; do docker create --name seen busybox:test true >/dev/null; docker rm seen >/dev/null; done
docker run --net none --name seen busybox:test sh -c 'exit 4'
until_output events die
kill -INT $watcher
wait $watcher; echo "ended with $?"
sort -u events`,
    },
    {
      name: 'system df',
      script: `docker volume create kept; docker create --name holder busybox:test true; docker system df; docker system df --verbose`,
    },
    {
      name: 'prune, of each kind and of all',
      script: `docker create --label gone=1 busybox:test true >/dev/null
docker volume create --label gone=1 v1; docker network create --label gone=1 n1 >/dev/null
docker container prune --force --filter label=gone=1
docker volume prune --force --filter label=gone=1
docker network prune --force --filter label=gone=1
docker image prune --force
docker builder prune --force
docker run --net none busybox:test true
docker system prune --force; docker system prune --force --volumes`,
    },
  ],
}

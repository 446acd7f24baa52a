import type { Theme } from '../observe.ts'

/** Networks and volumes. */
export const networks: Theme = {
  name: 'networks and volumes',
  steps: [
    {
      name: 'network create, ls, inspect, rm',
      script: `docker network create --label a=b --subnet 10.99.0.0/24 --gateway 10.99.0.1 net
docker network ls; docker network ls --filter label=a=b --format '{{.Name}} {{.Driver}} {{.Scope}}'
docker network inspect net; docker network rm net; docker network rm net; echo $?; docker network inspect net; echo $?`,
    },
    {
      name: 'network create with what the engine refuses',
      script: `docker network create --subnet 10.99.0.0/99 net; echo $?; docker network create bridge; echo $?`,
    },
    {
      name: 'connect and disconnect, with an alias',
      script: `docker network create net >/dev/null; docker run -d --name box --net none busybox:test sleep 1000; docker run -d --name peer busybox:test sleep 1000
docker network connect --alias other net peer; docker inspect --format '{{json .NetworkSettings.Networks.net.Aliases}}' peer; docker network connect net box; echo $?
docker network disconnect net peer; docker network disconnect net peer; echo $?`,
    },
    {
      name: 'containers find each other by name',
      script: `docker network create --internal net >/dev/null; docker run -d --name server --net net busybox:test sh -c 'while :; do echo served | nc -l -p 80; done'
docker run --rm --net net busybox:test sh -c 'until nc server 80 </dev/null 2>/dev/null; do sleep 0.05; done'; docker network rm net; echo $?`,
    },
    {
      name: 'network prune',
      script: `docker network create net >/dev/null; docker network create --label keep=1 kept >/dev/null; docker network prune --force --filter 'label!=keep'; docker network ls --format '{{.Name}}'`,
    },
    {
      name: 'volume create, ls, inspect, rm',
      script: `docker volume create --label a=b vol; docker volume create vol; docker volume ls; docker volume ls --filter label=a=b --quiet
docker volume inspect --format '{{.Name}} {{.Driver}} {{json .Labels}} {{.Scope}}' vol; docker volume rm vol; docker volume rm vol; echo $?; docker volume inspect vol; echo $?`,
    },
    {
      name: 'volume create with what the engine refuses',
      script: `docker volume create 'a/b'; echo $?; docker volume create --opt nonsense=1 vol; echo $?`,
    },
    {
      name: 'volume in use',
      script: `docker create --name box -v vol:/data busybox:test true >/dev/null; docker volume rm vol; echo $?; docker volume rm --force vol; echo $?; docker inspect --format '{{range .Mounts}}{{.Type}} {{.Name}} {{.Destination}}{{end}}' box`,
    },
    {
      name: 'volume prune',
      script: `docker volume create vol; docker create -v /anonymous busybox:test true >/dev/null; docker rm --force $(docker ps --all --quiet) >/dev/null; docker volume prune --force | grep -c '^[0-9a-f]*$'; docker volume ls --format '{{.Driver}}'`,
    },
    {
      name: 'swarm that is not there',
      script:
        'docker node ls; echo $?; docker service ls; echo $?; docker secret ls; echo $?; docker swarm leave; echo $?',
    },
    { name: 'plugins that are not there', script: 'docker plugin ls; echo $?; docker plugin inspect nothing; echo $?' },
  ],
}

import type { Theme } from '../observe.ts'

/** curl, as people write it into scripts. `api PATH [OPTION…]` is curl with this route's address and credentials. */
export const curl: Theme = {
  name: 'curl',
  byEveryRoute: true,
  steps: [
    {
      name: '_ping, by GET and HEAD',
      script: `api /_ping; echo; api /_ping --head | tr -d '\\r' | tr A-Z a-z | grep -iE '^(http|api-version|ostype|builder-version|docker-experimental|content-length)' | sort`,
    },
    {
      name: 'version, with and without a version in the path',
      script: `api /version; api /v1.41/version; api /v1.30/info | grep -o '"Driver":"[a-z0-9]*"'`,
    },
    { name: 'a version too new', script: `api /v1.99/version; echo; api /v1.99/containers/json` },
    {
      name: 'create, start, wait, logs, remove',
      script: `json='Content-Type: application/json'
api '/v1.41/containers/create?name=box' -H "$json" -d '{"Image": "busybox:test", "Cmd": ["echo", "hello"], "HostConfig": {"NetworkMode": "none"}}'
api /v1.41/containers/box/start -X POST -w '%{http_code}\\n'
api /v1.41/containers/box/wait -X POST
until api '/v1.41/containers/box/logs?stdout=1' --output log && [ -s log ]; do :; done; od -c log
api /v1.41/containers/box -X DELETE -w '%{http_code}\\n'`,
    },
    {
      name: 'errors keep their status',
      script: `for target in /containers/nothing/json /images/nothing/json /networks/nothing /volumes/nothing; do api "$target" -w ' %{http_code}\\n'; done
api '/containers/create?name=box' -H 'Content-Type: application/json' -d '{"Image": "nothing"}' -w ' %{http_code}\\n'`,
    },
    {
      name: 'a body in chunks, and one that waits for 100 Continue',
      script: `json='Content-Type: application/json'
printf '{"Name": "chunked"}' | api /volumes/create -H "$json" -H 'Transfer-Encoding: chunked' --data-binary @- | grep -o '"Name":"[a-z]*"'
api /volumes/create -H "$json" -H 'Expect: 100-continue' -d '{"Name": "expected"}' | grep -o '"Name":"[a-z]*"'`,
    },
    {
      name: 'filters that need encoding',
      script: `docker create --name box --label 'a=b c&d' busybox:test true >/dev/null
api /containers/json --get --data-urlencode all=1 --data-urlencode 'filters={"label":["a=b c&d"]}' | grep -o '"Names":\\[[^]]*\\]'`,
    },
    {
      name: 'an archive',
      script: `docker create --name box busybox:test true >/dev/null; echo content >in; tar -c in | api '/containers/box/archive?path=/tmp' -X PUT -H 'Content-Type: application/x-tar' --data-binary @- -w '%{http_code}\\n'
api '/containers/box/archive?path=/tmp/in' --output - | tar -xO; api '/containers/box/archive?path=/tmp/in' --head | grep -ci x-docker-container-path-stat`,
    },
    {
      name: 'the event stream, cut off',
      script: `since=$(date +%s.%N); docker volume create vol >/dev/null; api "/events?since=$since&filters=%7B%22type%22%3A%5B%22volume%22%5D%7D" --no-buffer >out & until_output out create; pkill -P $!; wait $! 2>/dev/null; grep -o '"Action":"[a-z]*"' out | sort -u`,
    },
    {
      name: 'a hijack without Upgrade',
      script: `docker run -d --name box --net none busybox:test sh -c 'echo early; exec sleep 1000' >/dev/null; until docker logs box | grep -q early; do :; done
api '/containers/box/attach?stream=1&stdout=1&logs=1' -X POST --no-buffer --output out & until_output out early; pkill -P $!; wait $! 2>/dev/null; od -c out`,
    },
  ],
}

/** docker-py of Debian. It cannot do TLS without a client certificate by its environment. */
export const python: Theme = {
  name: 'docker-py',
  routes: ['tcp+token', 'mtls'],
  steps: [
    {
      name: 'run, exec, logs, archives, attach, events',
      script: `cat >client.py <<'PYTHON'
import docker, io, tarfile, time
client = docker.from_env()
print(client.ping(), client.version()['ApiVersion'])
print(client.containers.run('busybox:test', 'echo hello', remove=True, network_mode='none'))
try:
    client.containers.run('busybox:test', 'sh -c "echo no >&2; exit 3"', network_mode='none', name='failed')
except docker.errors.ContainerError as error:
    print(error.exit_status, error.stderr)
try:
    client.containers.get('nothing')
except docker.errors.NotFound as error:
    print(error.status_code, error.explanation)
c = client.containers.run('busybox:test', 'sleep 1000', detach=True, name='box', network_mode='none', labels={'a': 'b'})
print(c.exec_run('sh -c "echo out; echo err >&2; exit 4"', demux=True))
print(list(c.exec_run('seq 3', stream=True).output))
sock = c.exec_run('cat', stdin=True, socket=True).output
sock = getattr(sock, '_sock', sock)
sock.sendall(b'through a socket\\n')
print(sock.recv(1000))
sock.close()
data = io.BytesIO()
with tarfile.open(fileobj=data, mode='w') as tar:
    info = tarfile.TarInfo('in'); info.size = 7
    tar.addfile(info, io.BytesIO(b'content'))
print(c.put_archive('/tmp', data.getvalue()))
stream, stat = c.get_archive('/tmp/in')
print(stat['name'], stat['size'], len(b''.join(stream)))
print(c.top()['Processes'][0][-1], c.stats(stream=False)['name'])
c.kill(); print(c.wait()); c.remove()
for event in client.events(since=int(time.time()) - 20, decode=True, filters={'container': 'box', 'event': 'destroy'}):
    print(event['Action']); break
image, lines = client.images.build(fileobj=io.BytesIO(b'FROM busybox:test\\nLABEL made=by-py\\n'), tag='built:py')
print(image.labels, image.tags)
print(client.volumes.create('vol').name, client.networks.create('net').name)
print(client.containers.prune()['ContainersDeleted'] is not None)
PYTHON
/usr/bin/python3 client.py`,
    },
  ],
}

/** Compose 1.29, which comes with the old engine; with the modern one comes another, and what both send goes by docker-py. */
export const compose1: Theme = {
  name: 'Compose 1.29',
  routes: ['mtls'],
  steps: [
    {
      name: 'up, ps, logs, exec, run, down',
      script: `cat >compose.yml <<'YAML'
version: "3.7"
services:
  web: { image: "busybox:test", command: "sh -c 'echo serving; exec sleep 1000'", stop_grace_period: 0s, volumes: ["data:/data"] }
volumes: { data: {} }
YAML
compose() { docker-compose --no-ansi --project-name p --file compose.yml "$@"; }
compose up --detach; until docker logs p_web_1 | grep -q serving; do :; done
compose logs --no-color; compose exec -T web sh -c 'echo inside; exit 7'; echo $?
compose run --rm --no-deps -T web echo once; compose down --volumes --timeout 0`,
    },
  ],
}

import type { Theme } from '../observe.ts'

/** Images, and what goes in and out as tar. */
export const images: Theme = {
  name: 'images',
  steps: [
    {
      name: 'tag and rmi',
      script: `docker tag busybox:test other:1; docker tag busybox:test other; docker images --format '{{.Repository}}:{{.Tag}}' | sort
docker rmi other:1 other; docker rmi other:1; echo $?; docker tag nothing:here other:2; echo $?; docker tag busybox:test 'UPPER:1'; echo $?`,
    },
    {
      name: 'rmi of an image in use',
      script: `docker tag busybox:test other:1; docker create --name box other:1 true >/dev/null; docker rmi other:1; docker rmi busybox:test; echo $?`,
    },
    {
      name: 'save and load by files',
      script: `printf 'x' >x; tar -c x | docker import - saved:1 >/dev/null; docker tag saved:1 saved:2
docker save --output both.tar saved:1 saved:2; tar -tf both.tar | grep -c json
docker rmi saved:1 saved:2 >/dev/null; docker load --input both.tar; docker load --quiet --input both.tar`,
    },
    {
      name: 'save and load by pipes',
      script: `docker tag busybox:test piped:1; docker save piped:1 >image.tar; docker rmi piped:1; docker load <image.tar; docker run --rm --net none piped:1 echo works`,
    },
    {
      name: 'save of what is not there, load of what is no image',
      script: `docker save nothing:here >x; echo $?; printf 'not a tar' >bad; docker load --input bad; echo $?; docker load </dev/null; echo $?`,
    },
    {
      name: 'import with changes and a message',
      script: `mkdir root; echo content >root/file; tar -C root -c . | docker import --change 'CMD ["/x"]' --change 'LABEL a=b' --message why - imported:1 | grep -c sha256
docker image inspect --format '{{json .Config.Cmd}} {{json .Config.Labels}} {{.Comment}} {{.Size}}' imported:1
docker import root/nothing imported:2; echo $?`,
    },
    {
      name: 'history',
      script: `docker history busybox:test; docker history --no-trunc --quiet busybox:test; docker history --format '{{.CreatedBy}}|{{.Comment}}' busybox:test`,
    },
    {
      name: 'image ls, inspect, rm by the long names',
      script: `docker image tag busybox:test other:1; docker image ls --filter reference='oth*'; docker image inspect --format '{{.Os}}/{{.Architecture}} {{json .RootFS.Layers}}' other:1; docker image rm other:1`,
    },
    {
      name: 'cp: a file in and out',
      script: `docker create --name box busybox:test true >/dev/null; echo content >in; chmod 640 in
docker cp in box:/tmp/there; docker cp box:/tmp/there out; cat out; stat -c %a out`,
    },
    {
      name: 'cp: a folder in and out',
      script: `docker create --name box busybox:test true >/dev/null; mkdir -p tree/sub; echo 1 >tree/one; echo 2 >tree/sub/two; ln -s one tree/link
docker cp tree box:/tmp/; docker cp box:/tmp/tree back; (cd back && find . | sort && cat sub/two && readlink link)`,
    },
    {
      name: 'cp: tar by pipe, both ways',
      script: `docker create --name box busybox:test true >/dev/null; echo content >in; tar -c in | docker cp - box:/tmp; docker cp box:/tmp/in - | tar -xO`,
    },
    {
      name: 'cp: what is not there',
      script: `docker create --name box busybox:test true >/dev/null; docker cp box:/nothing .; echo $?; docker cp nothing box:/; echo $?; echo x >in; docker cp in box:/no/such/folder/x 2>&1 | grep Error; docker cp in none:/ 2>/dev/null; echo $?`,
    },
    {
      name: 'cp: 20 MB in and out of a running container',
      script: `docker run -d --name box --net none busybox:test sleep 1000 >/dev/null; seq 3000000 >in; docker cp in box:/tmp/in; docker exec box md5sum /tmp/in; docker cp box:/tmp/in out; cmp in out && echo same`,
    },
    {
      name: 'build from a folder',
      script: `mkdir ctx; echo content >ctx/file; echo ignored >ctx/secret; echo secret >ctx/.dockerignore
printf 'FROM busybox:test\\nARG WHO=nobody\\nCOPY . /src/\\nRUN echo "hello $WHO" >/hello && ls -A /src\\nENV A=b\\nLABEL l=m\\nCMD ["cat", "/hello"]\\n' >ctx/Dockerfile
docker build --network none --build-arg WHO=world --tag built:1 ctx
docker run --rm --net none built:1; docker history --format '{{.CreatedBy}}' built:1`,
    },
    {
      name: 'build from standard input, quietly',
      script: `printf 'FROM busybox:test\\nLABEL from=stdin\\n' | docker build --quiet --tag built:1 -; docker image inspect --format '{{json .Config.Labels}}' built:1`,
    },
    {
      name: 'build from a tar on standard input',
      script: `echo x >x; printf 'FROM busybox:test\\nCOPY x /x\\n' >Dockerfile; tar -c x Dockerfile | docker build --tag built:1 -; docker run --rm --net none built:1 cat /x`,
    },
    {
      name: 'build: Dockerfile elsewhere, target, no cache, labels',
      script: `mkdir ctx; printf 'FROM busybox:test AS first\\nLABEL stage=1\\nFROM first\\nLABEL stage=2\\n' >other
docker build --no-cache --file other --target first --label x=y --tag built:1 ctx; docker image inspect --format '{{json .Config.Labels}}' built:1`,
    },
    {
      name: 'build that fails',
      script: `printf 'FROM busybox:test\\nRUN echo before; exit 21\\n' | docker build --network none -; echo $?; printf 'NONSENSE\\n' | docker build -; echo $?; printf 'FROM 127.0.0.1:1/nothing:here\\n' | docker build -; echo $?`,
    },
    {
      name: 'build cut off by Ctrl-C',
      script: `printf 'FROM busybox:test\\nRUN echo running; sleep 1000\\n' | interruptible docker build --network none - >out 2>&1 &
until_output out '^running'; kill -INT $!; wait $!; echo $?; until [ -z "$(docker ps --quiet)" ]; do :; done; until [ -z "$(docker ps --all --quiet)" ]; do docker rm $(docker ps --all --quiet) >/dev/null 2>&1; done; docker ps --all`,
    },
  ],
}

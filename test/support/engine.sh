#!/usr/bin/env bash
# Runs one private dockerd until standard input ends, then leaves nothing behind.
#   engine.sh ROOT STATE     ROOT: the root folder whose dockerd runs ("/" for the host's own); STATE: an empty folder, or one
#                            with etc-docker/, which becomes the engine's /etc/docker: its daemon.json names the hosts
# The socket is STATE/docker.sock, the host's number of the namespaces' first process STATE/pid, the log standard error.
# The engine has mount, network and process namespaces of its own: its bridge, its firewall rules, its mounts and every
# container end with the first process. Standard input is a pipe from whoever started this, so a test run that is
# killed takes its engine with it.
set -euo pipefail
root=$1 state=$2
group=dockgate-$(basename "$state")

inside=$(cat <<'INSIDE'
set -euo pipefail
root=$1 state=$2 group=$3 shared=$(dirname "$2")
mount --make-rprivate /
if [[ $root != / ]]; then
  mount --bind "$root" "$root"
  mkdir -p "$root$shared"
  mount -t proc proc "$root/proc"
  for folder in /sys /dev "$shared"; do mount --rbind "$folder" "$root$folder"; done
  cd "$root"
  pivot_root . .
  umount -l .
  cd /
fi
mkdir -p /etc/docker
for folder in /run /etc/docker /root; do mount -t tmpfs tmpfs "$folder"; done
ip link set lo up
# In memory, because an engine waits for the disk at each layer and container that it makes. Inside is a folder of the
# engine's name: by it the kernel's list of mounts tells what is the engine's own.
data=$state/memory/$(basename "$state")/data
mkdir "$state/memory"
mount -t tmpfs tmpfs "$state/memory"
mkdir -p "$data"
hosts=(--host "unix://$state/docker.sock")
if [[ -d $state/etc-docker ]]; then
  cp -r "$state/etc-docker/." /etc/docker
  hosts=()
fi
dockerd --data-root "$data" --exec-root /run/dockerd --pidfile /run/dockerd.pid "${hosts[@]}" \
  --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/$group" </dev/null
INSIDE
)

exec 3<&0
unshare --mount --net --pid --fork --kill-child --mount-proc bash -c "$inside" inside "$root" "$state" "$group" </dev/null 3<&- &
engine=$!
until first=$(pgrep -P "$engine"); do kill -0 "$engine"; done
echo "$first" >"$state/pid"

# The first process is killed, not its parent: the kernel reports its end only after all others of the namespace are gone.
{ cat <&3 >/dev/null; kill -KILL "$first"; } &
watcher=$!
exec 3<&-
wait "$engine" || true
kill "$watcher" 2>/dev/null || true
find /sys/fs/cgroup -depth -type d -path "*/$group*" -exec rmdir {} + 2>/dev/null || true
rm -rf "$state"

#!/usr/bin/env bash
# Boots Debian's own systemd on a copy of this machine until standard input ends, then leaves nothing behind.
#   machine.sh STATE [FOLDER…]     STATE: an empty folder; FOLDER: of this machine, seen there as it is
# The machine's number on this one is STATE/pid. Its files are an overlay in memory over this machine's: what is
# installed, changed or removed there is so only there. It has processes, mounts, a network (loopback), a host name and
# control groups of its own, none of this machine's units, and no way to the kernel's settings.
set -euo pipefail
state=$1
shift
unified=$(findmnt --noheadings --first-only --types cgroup2 --output TARGET)
group=$unified/dockgate-$(basename "$state")
mkdir "$group"

inside=$(cat <<'INSIDE'
set -euo pipefail
mount --make-rprivate /
layers=$1/layers
shift
mkdir "$layers"
mount -t tmpfs tmpfs "$layers"
mkdir "$layers"/{upper,work,root}
mount -t overlay overlay -o "lowerdir=/,upperdir=$layers/upper,workdir=$layers/work" "$layers/root"
root=$layers/root
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/sys/fs/cgroup"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs tmpfs "$root/dev"
for device in null zero full random urandom tty; do cp -a "/dev/$device" "$root/dev/"; done
mkdir "$root/dev/shm"
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
ip link set lo up
for folder; do
  mkdir -p "$root$folder"
  mount --rbind "$folder" "$root$folder"
done
rm -rf "$root"/{,usr/}lib/systemd/system/*.wants "$root"/etc/systemd/system/* "$root"/{,usr/}lib/systemd/system-generators "$root"/etc/rc?.d
printf '[Unit]\nDefaultDependencies=no\n' >"$root/etc/systemd/system/test.target"
mkdir "$root/run/old"
cd "$root"
pivot_root . run/old
umount -l /run/old
rmdir /run/old
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --unit=test.target --log-target=console --log-level=warning --show-status=no
INSIDE
)

exec 3<&0
bash -c 'echo $$ >"$1/cgroup.procs"; shift
  exec unshare --mount --pid --net --uts --ipc --cgroup --fork --kill-child "$@"' enter "$group" \
  bash -c "$inside" inside "$state" "$@" </dev/null 3<&- &
machine=$!
until first=$(pgrep -P "$machine" bash\|systemd); do kill -0 "$machine"; done
echo "$first" >"$state/pid"
{ cat <&3 >/dev/null; kill -KILL "$first"; } &
watcher=$!
exec 3<&-
wait "$machine" || true
kill "$watcher" 2>/dev/null || true
find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
rm -rf "$state"

# Prints what the kernel says of a process, a fact a line. It is read from standard input in the engine's namespaces.
#   bash -s PID <running.sh
set -euo pipefail
cd "/proc/$1"
sed 's/^/mount /' mountinfo
sed -n 's/^CapBnd:\s*/capabilities /p; s/^Seccomp:\s*/seccomp /p' status
for name in pid net ipc uts mnt; do
  [[ $(readlink "ns/$name") != "$(readlink "/proc/1/ns/$name")" ]] || echo "shared $name"
done
find root/dev -xdev \( -type b -o -type c \) -printf 'device %P\n'

# The folder of a controller, on the first version of control groups (one tree for each) and on the second (one for all).
folder() {
  local inside
  inside=$(sed -nE "s/^[0-9]+:([^:]*,)?$1(,[^:]*)?://p" cgroup)
  if [[ -n $inside ]]; then echo "/sys/fs/cgroup/$1$inside"; else echo "/sys/fs/cgroup$(sed -n 's/^0:://p' cgroup)"; fi
}
cpu=$(folder cpu) memory=$(folder memory) pids=$(folder pids)
if [[ -e $cpu/cpu.max ]]; then cat "$cpu/cpu.max"; else cat "$cpu/cpu.cfs_quota_us" "$cpu/cpu.cfs_period_us"; fi | xargs echo processors
if [[ -e $memory/memory.max ]]; then cat "$memory/memory.max"; else cat "$memory/memory.limit_in_bytes"; fi | xargs echo memory
xargs echo processes <"$pids/pids.max"

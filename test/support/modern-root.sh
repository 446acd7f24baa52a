#!/usr/bin/env bash
# Makes the root folder of a modern Docker Engine (28.x, API 1.51, with buildx and Compose v2) from Debian's next release.
#   modern-root.sh CACHE     prints the root folder, CACHE/modern-engine-…; the first time takes about 40 s
# The mirror is the one that apt is set up with. The folder appears whole or not at all, runs at the same time wait for
# each other, and another list of packages makes another folder, so that no run takes away what another one runs on.
set -euo pipefail
cache=$1 release=forky
packages=docker.io,docker-cli,docker-buildx,docker-compose,busybox-static,iptables,iproute2,procps,ca-certificates
root=$cache/modern-engine-$(sha256sum <<<"$release $packages" | head -c 8)
mkdir -p "$cache"
exec 9>"$root.lock"
flock 9
if [[ ! -d $root ]]; then
  installed=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
    awk -v installed="$installed" '$1 == installed && !found++ { print $2 }')
  rm -rf "$root.building"
  debootstrap --variant=minbase --keyring=/usr/share/keyrings/debian-archive-keyring.gpg --include="$packages" \
    "$release" "$root.building" "$mirror" /usr/share/debootstrap/scripts/sid >"$root.log" 2>&1 9>&- ||
    { tail -5 "$root.log" >&2; exit 1; }
  rm -rf "$root.building"/var/cache/apt/archives/*.deb "$root.building"/var/lib/apt/lists/*
  mv "$root.building" "$root"
fi
echo "$root"

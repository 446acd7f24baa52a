#!/usr/bin/env bash
# Starts dockgate connect for the rest of the job; the runner ends it with the job. Called by action.yml.
set -euo pipefail

if ! command -v dockgate >/dev/null; then
  npm install --global --no-audit --no-fund "$DOCKGATE_PACKAGE" >&2
fi
if ! node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 22 || (major === 22 && minor >= 13) ? 0 : 1)'; then
  echo "::error::dockgate needs Node 22.13 or newer, and this is $(node --version): put actions/setup-node in front"
  exit 1
fi

folder=$(mktemp -d "${RUNNER_TEMP:-/tmp}/dockgate-XXXXXX")
socket=unix://$folder/docker.sock
options=(--github-actions --listen "$socket")
if [[ -n $DOCKGATE_AUDIENCE ]]; then options+=(--audience "$DOCKGATE_AUDIENCE"); fi
if [[ $DOCKGATE_CA == *'BEGIN CERTIFICATE'* ]]; then
  printf '%s\n' "$DOCKGATE_CA" >"$folder/ca.pem"
  options+=(--ca "$folder/ca.pem")
elif [[ -n $DOCKGATE_CA ]]; then
  options+=(--ca "$DOCKGATE_CA")
fi

# It prints one line once the gate has answered; without one, it has ended and said why.
mkfifo "$folder/ready"
dockgate connect "$DOCKGATE_GATE" "${options[@]}" </dev/null >"$folder/ready" 2>"$folder/log" &
if ! read -r _ <"$folder/ready"; then
  echo "::error::$(cat "$folder/log")"
  exit 1
fi

{
  echo "DOCKER_HOST=$socket"
  # These would lead past the socket, or ask for TLS on it.
  printf '%s=\n' DOCKER_CONTEXT DOCKER_TLS_VERIFY DOCKER_TLS DOCKER_CERT_PATH
} >>"$GITHUB_ENV"
echo "docker-host=$socket" >>"$GITHUB_OUTPUT"

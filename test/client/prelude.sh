# What the scripts of the steps are written with. Sourced by bash before each of them.

# interruptible COMMAND…, with & behind it: a shell starts jobs in the background deaf to Ctrl-C; this one hears it.
interruptible() { exec env --default-signal=INT "$@"; }

# until_output FILE WORDS: waits until a line of the file has the words. The step's time limit bounds it.
until_output() { until grep -q -- "$2" "$1" 2>/dev/null; do sleep 0.02; done; }

# in_terminal COMMAND-LINE: runs it in a terminal of 40 rows and 100 columns.
in_terminal() { script -qec "stty rows 40 cols 100; $1" /dev/null; }

# modern ARGUMENT…: the modern engine's own docker client, with buildx and Compose v2, and the route's environment.
# The script's arguments say how its root folder is entered. `interruptible "${modern[@]}" ARGUMENT…` hears Ctrl-C.
modern=("$@" env --chdir="$PWD" DOCKER_BUILDKIT=1 docker)
modern() { "${modern[@]}" "$@"; }

# api PATH [OPTION…]: curl with the route's address and credentials.
api() {
  local target=$1 certificates=${DOCKER_CERT_PATH-} options=(--silent --show-error)
  shift
  if [[ $DOCKER_HOST == unix://* ]]; then
    curl "${options[@]}" --unix-socket "${DOCKER_HOST#unix://}" "http://engine$target" "$@"
    return
  fi
  if [[ -n ${ROUTE_TOKEN-} ]]; then options+=(--header "Authorization: Bearer $ROUTE_TOKEN"); fi
  if [[ -n $certificates ]]; then options+=(--cacert "$certificates/ca.pem"); fi
  if [[ -e $certificates/cert.pem ]]; then options+=(--cert "$certificates/cert.pem" --key "$certificates/key.pem"); fi
  curl "${options[@]}" "http${certificates:+s}://${DOCKER_HOST#tcp://}$target" "$@"
}

# What the scripts beside it share; sourced by them.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" || exit

# The server's folder and program.
data=${DAYBOOK_DATA:-$root/daybook-data}
pid_file=$data/server.pid
daybook=$root/build/release/bin/daybook

# "[  12 s] what": seconds since the script began.
step() {
  printf '[%4d s] %s\n' "$SECONDS" "$*"
}

fail() {
  step "$*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    env DEBIAN_FRONTEND=noninteractive "$@"
  elif command -v sudo > /dev/null; then
    sudo env DEBIAN_FRONTEND=noninteractive "$@"
  else
    fail "needs root or sudo to run: $*"
  fi
}

# Installs what is missing of the Debian packages named.
ensure_packages() {
  local package missing=()
  for package in "$@"; do
    [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2> /dev/null)" = installed ] ||
      missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return
  step "installing Debian packages: ${missing[*]}"
  as_root apt-get update --quiet --quiet
  as_root apt-get install --yes --quiet --quiet --no-install-recommends "${missing[@]}" > /dev/null
}

# shellcheck disable=SC2034  # For the scripts.
build_packages=(
  ca-certificates ccache cmake curl g++ git libboost-json1.81-dev libboost1.81-dev
  libcli11-dev libfmt-dev libgtest-dev libhowardhinnant-date-dev libjemalloc-dev libprotobuf-dev
  librapidcheck-dev librdkafka-dev librocksdb-dev libsimdjson-dev libssl-dev libtomlplusplus-dev
  libxxhash-dev libzstd-dev mold ninja-build pkg-config protobuf-compiler python3 tzdata zlib1g-dev
)

# The number of the server that run.sh started, and of nobody who has it by now.
server_pid() {
  local pid
  [ -f "$pid_file" ] && pid=$(cat "$pid_file") && [ -r "/proc/$pid/cmdline" ] &&
    tr '\0' ' ' < "/proc/$pid/cmdline" | grep --quiet --fixed-strings "$daybook up --config" && echo "$pid"
}

# build TARGET…: the release preset; what did not change is not built again.
build() {
  deploy/dev/rocksdb.sh || step "no RocksDB of our own: going on with Debian's, which is slower"
  [ -f build/release/build.ninja ] || {
    step "configuring"
    cmake --preset release --log-level=WARNING > /dev/null
  }
  step "building (the first time takes some minutes)"
  # Ninja's own lines show how far it is.
  cmake --build --preset release --target "$@"
}

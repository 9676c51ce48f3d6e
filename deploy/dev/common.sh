# What the scripts beside it share; sourced by them.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" || exit

# The servers' folder and program.
# shellcheck disable=SC2034  # For the scripts.
data=$(realpath -m "${DAYBOOK_DATA:-$root/daybook-data}")
# With DAYBOOK_PROGRAMS, a folder, the programs are taken from there as they are: nothing is built.
programs=$(realpath -m "${DAYBOOK_PROGRAMS:-$root/build/release/bin}")
daybook=$programs/daybook
# No setting of the programs, which would say so.
export -n DAYBOOK_PROGRAMS

# One clock for a script and all that it calls.
export SCRIPTS_BEGAN=${SCRIPTS_BEGAN:-$EPOCHSECONDS}

# "[  12 s] what": seconds since the outermost script began.
step() {
  printf '[%4d s] %s\n' $((EPOCHSECONDS - SCRIPTS_BEGAN)) "$*"
}

fail() {
  step "$*" >&2
  exit 1
}

# "bookworm", "trixie".
release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
# The same in words.
# shellcheck disable=SC2034  # For the scripts.
release_name=$(. /etc/os-release && echo "${PRETTY_NAME:-this system}")

# What differs between Debian 12 and Debian 13 is named by its version; the rest has one name on both.
case $release in
  bookworm) boost=1.81 ;;
  *) boost=1.83 ;;
esac

# shellcheck disable=SC2034  # For the scripts.
build_packages=(
  ca-certificates ccache cmake curl g++ git "libboost-json$boost-dev" "libboost$boost-dev"
  libabsl-dev libcli11-dev libfmt-dev libgrpc++-dev libgtest-dev libjemalloc-dev libminizip-dev libprotobuf-dev
  librapidcheck-dev librdkafka-dev librocksdb-dev libsimdjson-dev libspdlog-dev libssl-dev libtomlplusplus-dev
  libxlsxwriter-dev libxxhash-dev libzstd-dev mold ninja-build nodejs pkg-config prometheus-cpp-dev
  protobuf-compiler protobuf-compiler-grpc python3 tzdata zlib1g-dev
)
# For the dashboard. A nodejs that is not Debian's brings npm with it, and Debian's is not installed beside it.
case $(dpkg --search "$(command -v npm)" 2> /dev/null) in
  nodejs:*) ;;
  *) build_packages+=(npm) ;;
esac
# For a RocksDB of our own (rocksdb.sh).
# shellcheck disable=SC2034
rocksdb_packages=(cmake ccache dpkg-dev g++ librocksdb-dev ninja-build patch xz-utils)
# For the broker, and for what is compiled against it.
# shellcheck disable=SC2034
kafka_packages=(default-jdk-headless maven)
# For the fuzz targets: one version of Clang on both, which Debian 12 has beside an older one.
# shellcheck disable=SC2034
fuzz_packages=(clang-19 libclang-rt-19-dev llvm-19)
# shellcheck disable=SC2034
test_packages=(apache2-utils chromium clang-format-19 fonts-noto-cjk iproute2 nginx openssl python3-openpyxl shfmt valgrind)

# Installs what is missing of the Debian packages named.
ensure_packages() {
  local package missing=() as_root=() words
  for package in "$@"; do
    [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2> /dev/null)" = installed ] ||
      missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return
  if [ "$(id -u)" != 0 ]; then
    command -v sudo > /dev/null || {
      step "Debian packages are missing, and there is no sudo; as root, run" >&2
      printf 'apt-get update && apt-get install --yes --no-install-recommends %s\n' "${missing[*]}" >&2
      exit 1
    }
    as_root=(sudo)
  fi
  step "installing Debian packages: ${missing[*]}"
  words=$(mktemp)
  if ! {
    "${as_root[@]}" apt-get update --quiet --quiet -o Acquire::Retries=1 -o Acquire::http::Timeout=30 &&
      "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --quiet --quiet --no-install-recommends "${missing[@]}"
  } > "$words" 2>&1; then
    if grep --quiet --extended-regexp 'Could not (resolve|connect)|Temporary failure|Failed to fetch' "$words"; then
      rm -f "$words"
      fail "packages cannot be fetched, because apt does not reach its servers: connect this machine, or name your proxy or mirror in /etc/apt, and run this again"
    fi
    tail -n 5 "$words" >&2
    # Servers were reached, and do not have it.
    if grep --quiet 'Unable to locate package' "$words"; then
      rm -f "$words"
      fail "$release_name does not have all of these packages: Daybook is built on Debian 12 and 13"
    fi
    rm -f "$words"
    fail "apt could not install them; its last words are above"
  fi
  rm -f "$words"
}

# build TARGET…: the release preset; what did not change is not built again.
build() {
  [ "$programs" = "$root/build/release/bin" ] || return 0
  # Which RocksDB is taken may have changed since; nothing else here takes longer than a moment.
  cmake --preset release --log-level=WARNING > /dev/null
  step "building Daybook"
  # Ninja's own lines show how far it is.
  cmake --build --preset release --target "$@"
}

# A RocksDB of our own for `build`, where figures are measured or checked.
own_rocksdb() {
  deploy/dev/rocksdb.sh || step "no RocksDB of our own: going on with Debian's, which is slower"
}

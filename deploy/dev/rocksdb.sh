#!/usr/bin/env bash
# Builds RocksDB into build/rocksdb, unless the very same is there: Debian's source with Debian's patches,
# without the assertions that Debian's package checks at every comparison of keys
# (docs/decisions/0009-rocksdb-built-here.md). CMake takes it from there; without it, Debian's.
set -euo pipefail

# shellcheck source=deploy/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# The version, and its description's SHA-256; that has the sums of all else, which dpkg-source checks.
case $release in
  bookworm)
    version=7.8.3-2
    description_sum=8c799d700b825cc4eebb5afbd43ebf2fb13d397828fc442c61d786f7792c2976
    ;;
  trixie)
    version=9.10.0-1
    description_sum=f16bc50ff7216943d8fa5e79aa5d3d87556d5de9b88328c5afede52ac2fb024a
    ;;
  *) fail "no version of RocksDB is pinned for $release_name" ;;
esac
flags=(
  -DCMAKE_BUILD_TYPE=Release "-DCMAKE_CXX_FLAGS_RELEASE=-O2 -DNDEBUG" -DCMAKE_INSTALL_LIBDIR=lib
  -DPORTABLE=ON "-DFORCE_SSE42=$([ "$(uname -m)" = x86_64 ] && echo ON || echo OFF)" -DUSE_RTTI=ON
  -DWITH_LZ4=ON -DWITH_ZSTD=ON -DWITH_GFLAGS=OFF -DWITH_LIBURING=OFF -DROCKSDB_BUILD_SHARED=OFF
  -DFAIL_ON_WARNINGS=OFF -DWITH_TESTS=OFF -DWITH_TOOLS=OFF -DWITH_CORE_TOOLS=OFF -DWITH_BENCHMARK_TOOLS=OFF
  -DWITH_TRACE_TOOLS=OFF
)
target=$root/build/rocksdb
wanted="rocksdb $version $description_sum on $release: ${flags[*]}"
[ "$(cat "$target/built-from" 2> /dev/null)" != "$wanted" ] || exit 0
ensure_packages "${rocksdb_packages[@]}"
mkdir -p "$root/build"
work=$(mktemp -d "$root/build/rocksdb-XXXXXX")
trap 'rm -rf "$work"' EXIT

step "RocksDB $version: fetching Debian's source"
# Where apt gets packages from, it gets their sources from.
mkdir -p "$work/sources" "$work/lists/partial" "$work/cache/archives/partial"
cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2> /dev/null |
  sed -n 's/^deb /deb-src /p' > "$work/sources/all.list" || true
for file in /etc/apt/sources.list.d/*.sources; do
  [ ! -f "$file" ] || sed 's/^Types:.*/Types: deb-src/' "$file" > "$work/sources/$(basename "$file")"
done
apt=(apt-get --quiet --quiet -o "Dir::Etc::sourcelist=/dev/null" -o "Dir::Etc::sourceparts=$work/sources"
  -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o "APT::Sandbox::User="
  -o Acquire::Retries=1 -o Acquire::http::Timeout=30)
{ "${apt[@]}" update && cd "$work" && "${apt[@]}" source --download-only "rocksdb=$version"; } > "$work/log" 2>&1 || {
  tail -n 5 "$work/log" >&2
  fail "RocksDB's source, version $version, cannot be fetched from where apt gets its packages"
}
echo "$description_sum  $work/rocksdb_$version.dsc" | sha256sum --check --status ||
  fail "RocksDB's source is not the one that was pinned: rocksdb_$version.dsc has another SHA-256"
# With Debian's patches.
dpkg-source --extract "$work/rocksdb_$version.dsc" "$work/source" > "$work/log" 2>&1 ||
  { cat "$work/log" >&2; fail "RocksDB's source cannot be unpacked"; }

step "RocksDB $version: building"
cmake -S "$work/source" -B "$work/build" -G Ninja --log-level=WARNING -DCMAKE_INSTALL_PREFIX="$work/installed" \
  -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache "${flags[@]}" > /dev/null
# Its sources lie elsewhere each time.
CCACHE_BASEDIR=$work CCACHE_NOHASHDIR=1 cmake --build "$work/build" || fail "RocksDB could not be built"
cmake --install "$work/build" > /dev/null
echo "$wanted" > "$work/installed/built-from"
# Complete; somebody else may have been quicker, and with the same.
rm -rf "$work/replaced"
[ ! -d "$target" ] || mv -T "$target" "$work/replaced" 2> /dev/null || true
mv -T "$work/installed" "$target" 2> /dev/null || true
step "RocksDB $version is in $target"

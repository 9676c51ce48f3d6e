#!/usr/bin/env bash
# Builds RocksDB into build/rocksdb, unless it is there: the source of Debian's own version, without the
# assertions that Debian's package checks at every comparison of keys (docs/decisions/0009-rocksdb-built-here.md).
# CMake takes it from there; without it, Debian's.
set -euo pipefail

# shellcheck source=deploy/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

target=$root/build/rocksdb
[ ! -d "$target" ] || exit 0
ensure_packages "${build_packages[@]}"
mkdir -p "$root/build"
work=$(mktemp -d "$root/build/rocksdb-XXXXXX")
trap 'rm -rf "$work"' EXIT

step "RocksDB: fetching Debian's source"
# Where apt gets packages from, it gets their sources from.
mkdir -p "$work/sources" "$work/lists/partial" "$work/cache/archives/partial"
cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2> /dev/null |
  sed -n 's/^deb /deb-src /p' > "$work/sources/all.list" || true
for file in /etc/apt/sources.list.d/*.sources; do
  [ ! -f "$file" ] || sed 's/^Types:.*/Types: deb-src/' "$file" > "$work/sources/$(basename "$file")"
done
apt=(apt-get --quiet --quiet -o "Dir::Etc::sourcelist=/dev/null" -o "Dir::Etc::sourceparts=$work/sources"
  -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o "APT::Sandbox::User=")
"${apt[@]}" update
(cd "$work" && "${apt[@]}" source --download-only rocksdb)
mkdir "$work/source"
tar --extract --file "$(echo "$work"/rocksdb_*.orig.tar.*)" --directory "$work/source" --strip-components 1

step "RocksDB: building (some minutes, once)"
cmake -S "$work/source" -B "$work/build" -G Ninja --log-level=WARNING -DCMAKE_INSTALL_PREFIX="$work/installed" \
  -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" \
  -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache \
  -DPORTABLE=ON -DFORCE_SSE42="$([ "$(uname -m)" = x86_64 ] && echo ON || echo OFF)" -DUSE_RTTI=ON \
  -DWITH_LZ4=ON -DWITH_ZSTD=ON -DWITH_GFLAGS=OFF -DWITH_LIBURING=OFF -DROCKSDB_BUILD_SHARED=OFF -DFAIL_ON_WARNINGS=OFF \
  -DWITH_TESTS=OFF -DWITH_TOOLS=OFF -DWITH_CORE_TOOLS=OFF -DWITH_BENCHMARK_TOOLS=OFF -DWITH_TRACE_TOOLS=OFF > /dev/null
# Its sources lie elsewhere each time.
CCACHE_BASEDIR=$work CCACHE_NOHASHDIR=1 cmake --build "$work/build" --target install > "$work/log" ||
  { tail -n 40 "$work/log" >&2; fail "RocksDB could not be built"; }
# Complete; somebody else may have been quicker.
mv -T "$work/installed" "$target" 2> /dev/null || true
step "RocksDB is in $target"

#!/usr/bin/env bash
# Prometheus' promtool with these arguments. It is taken out of Debian's package, which is not installed: that would
# start a server.
set -euo pipefail

# shellcheck source=deploy/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../deploy/dev/common.sh"

promtool=$root/build/promtool/usr/bin/promtool
if [ ! -x "$promtool" ]; then
  mkdir -p "$root/build"
  work=$(mktemp -d "$root/build/promtool-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  # Where somebody else was quicker it is the same.
  (cd "$work" && apt-get download --quiet --quiet prometheus > log 2>&1 && dpkg-deb --extract prometheus_*.deb unpacked &&
    { mv -T unpacked "$root/build/promtool" 2> /dev/null || [ -x "$promtool" ]; }) ||
    { cat "$work/log" >&2; fail "Debian's package prometheus, of which promtool is taken, cannot be fetched"; }
  rm -rf "$work"
fi
exec "$promtool" "$@"

#!/usr/bin/env bash
# Prometheus' promtool with these arguments. It is taken out of Debian's package, which is not installed: on Debian 12
# that would start a server.
set -euo pipefail

# shellcheck source=deploy/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../deploy/dev/common.sh"

promtool=$root/build/promtool/usr/bin/promtool
# Debian 13 has a package for it.
package=promtool
[ "$release" != bookworm ] || package=prometheus
if [ ! -x "$promtool" ]; then
  mkdir -p "$root/build"
  work=$(mktemp -d "$root/build/promtool-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  # Where somebody else was quicker it is the same.
  (cd "$work" && apt-get download --quiet --quiet "$package" > log 2>&1 && dpkg-deb --extract "$package"_*.deb unpacked &&
    { mv -T unpacked "$root/build/promtool" 2> /dev/null || [ -x "$promtool" ]; }) ||
    { cat "$work/log" >&2; fail "Debian's package $package, of which promtool is taken, cannot be fetched"; }
  rm -rf "$work"
fi
exec "$promtool" "$@"

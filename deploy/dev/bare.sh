#!/usr/bin/env bash
# Runs a command of the README on a bare Debian: one made for it, with nothing but git and ca-certificates
# beside Debian's minimum, into which what is committed here is cloned. Says how long it took.
#
#   bare.sh [--release bookworm|trixie] [--keep] run|test
#
# Needs root, on Debian 12 or 13. The new system lies in a folder under TMPDIR (/var/tmp), has mounts and
# processes of its own, and goes with the last of them, also when it fails or is interrupted; with --keep the folder
# stays. It reaches the servers that this machine reaches: apt's mirrors and settings, proxies, the resolver,
# certificates that were added, Maven's and npm's settings are copied. DAYBOOK_… variables are passed on.
#
# Debian's minimum is made once a week and release, and kept in DAYBOOK_BARE_CACHE (/var/cache/daybook-bare).
set -euo pipefail

# shellcheck source=deploy/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=deploy/dev/system.sh
source deploy/dev/system.sh

usage() {
  sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

wanted=$release
keep=
command=
while [ $# -gt 0 ]; do
  case $1 in
    --release) wanted=${2:?} && shift 2 ;;
    --keep) keep=yes && shift ;;
    run | test) command=$1 && shift ;;
    *) usage ;;
  esac
done
[ -n "$command" ] || usage
[ "$(id -u)" = 0 ] || fail "needs root: it makes a system of its own, and runs in it"
ensure_packages debootstrap git util-linux

work=$(mktemp -d "${TMPDIR:-/var/tmp}/daybook-bare-XXXXXX")
system=$work/system
remove_when_done
make_system "$wanted" "$system"
[ -z "$(git status --porcelain)" ] || step "what is not committed here is not in it"
git bundle create --quiet "$system/root/daybook.bundle" HEAD
chroot "$system" git -c advice.detachedHead=false -c init.defaultBranch=main clone --quiet /root/daybook.bundle /root/daybook
rm "$system/root/daybook.bundle"

step "deploy/dev/$command.sh on a bare $wanted"
began=$EPOCHSECONDS
status=0
in_system "$system" root /root/daybook "deploy/dev/$command.sh" || status=$?
took=$((EPOCHSECONDS - began))
[ "$status" = 0 ] || fail "deploy/dev/$command.sh on a bare $wanted failed ($status) after $took s"
step "deploy/dev/$command.sh on a bare $wanted took $took s"

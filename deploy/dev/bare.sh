#!/usr/bin/env bash
# Runs a command of the README on a bare Debian: one made for it, with nothing but git and ca-certificates
# beside Debian's minimum, into which what is committed here is cloned. Says how long it took.
#
#   bare.sh [--release bookworm|trixie] [--keep] run|test
#
# Needs root, on Debian 12 or 13. The new system lies in a folder under TMPDIR (/var/tmp), has mounts and
# processes of its own, and goes with the last of them, also when it fails or is interrupted; with --keep the folder
# stays. It reaches the servers that this machine reaches: apt's mirrors and settings, proxies, the resolver,
# certificates that were added and Maven's settings are copied. DAYBOOK_… variables are passed on.
#
# Debian's minimum is made once a week and release, and kept in DAYBOOK_BARE_CACHE (/var/cache/daybook-bare).
set -euo pipefail

# shellcheck source=deploy/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

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

cache=${DAYBOOK_BARE_CACHE:-/var/cache/daybook-bare}
minimum=$cache/$wanted.tar
work=$(mktemp -d "${TMPDIR:-/var/tmp}/daybook-bare-XXXXXX")
system=$work/system
child=
finish() {
  # With it go all processes of the new system. It takes no gentler signal: unshare ignores them while it waits.
  [ -z "$child" ] || { kill -KILL "$child" 2> /dev/null && wait "$child" 2> /dev/null; } || true
  # Whatever was mounted in it was so for its own processes alone.
  if [ -n "$keep" ]; then step "kept: $system"; else rm -rf --one-file-system "$work"; fi
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

# "URI SUITE" of each of Debian's archives that this machine's apt uses, for the release wanted.
archives() {
  apt-get indextargets --format '$(ORIGIN) $(COMPONENT) $(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
    awk -v here="$release" -v wanted="$wanted" \
      '$1 == "Debian" && $2 == "main" && sub("^" here, wanted, $4) { print $3, $4 }' | sort --unique
}

make_minimum() {
  local mirror
  mirror=$(archives | awk -v wanted="$wanted" '$2 == wanted { print $1; exit }')
  [ -n "$mirror" ] || fail "apt has no archive of Debian here: run apt-get update"
  step "making Debian's minimum of $wanted"
  debootstrap --variant=minbase --include=git,ca-certificates "$wanted" "$system" "$mirror" > "$work/log" 2>&1 ||
    { tail -n 5 "$work/log" >&2; fail "debootstrap failed"; }
  rm -f "$system"/var/cache/apt/archives/*.deb
  mkdir -p "$cache"
  tar --create --file "$minimum.new$$" --one-file-system --directory "$system" .
  mv "$minimum.new$$" "$minimum"
}

# What this machine needs to reach servers, the new one needs too.
copy_ways() {
  local uri suite
  archives | while read -r uri suite; do echo "deb $uri $suite main"; done > "$system/etc/apt/sources.list"
  # For RocksDB's source, rocksdb.sh makes its own list of these.
  apt-config dump | grep --extended-regexp '^Acquire::(Check|Retries|Queue|ForceIPv|http|https|ftp|proxy|Max)' \
    > "$system/etc/apt/apt.conf.d/90this-machine" || true
  cp -a /etc/apt/auth.conf /etc/apt/auth.conf.d "$system/etc/apt/" 2> /dev/null || true
  cp -L /etc/resolv.conf /etc/hosts "$system/etc/" 2> /dev/null || true
  mkdir -p "$system/usr/local/share/ca-certificates" "$system/root/.m2"
  cp -R /usr/local/share/ca-certificates/. "$system/usr/local/share/ca-certificates/" 2> /dev/null || true
  chroot "$system" update-ca-certificates > "$work/log" 2>&1 || { cat "$work/log" >&2; fail "certificates"; }
  # One's own, or those of the machine.
  cp "$HOME/.m2/settings.xml" "$system/root/.m2/" 2> /dev/null ||
    cp /etc/maven/settings.xml "$system/root/.m2/" 2> /dev/null || true
}

if [ -n "$(find "$minimum" -mtime -7 2> /dev/null)" ]; then
  step "unpacking Debian's minimum of $wanted"
  mkdir "$system"
  tar --extract --file "$minimum" --directory "$system"
else
  make_minimum
fi
copy_ways
[ -z "$(git status --porcelain)" ] || step "what is not committed here is not in it"
git bundle create --quiet "$system/root/daybook.bundle" HEAD
chroot "$system" git -c advice.detachedHead=false -c init.defaultBranch=main clone --quiet /root/daybook.bundle /root/daybook
rm "$system/root/daybook.bundle"

# Variables that lead to servers, and ours, with this script's clock among them.
variables=("HOME=/root" "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" "TERM=${TERM:-dumb}")
while read -r name; do
  variables+=("$name=${!name}")
done < <(compgen -e | grep --extended-regexp --ignore-case '^((http|https|ftp|all|no)_proxy|MAVEN_.*|JAVA_TOOL_OPTIONS|SCRIPTS_BEGAN|DAYBOOK_.*)$' |
  grep --invert-match '^DAYBOOK_BARE_CACHE$')

step "deploy/dev/$command.sh on a bare $wanted"
began=$EPOCHSECONDS
status=0
# Mounts and processes of its own: they go with the first of these processes, whatever ends it.
unshare --mount --propagation private --pid --fork --kill-child bash -c '
  set -e
  system=$1 command=$2
  shift 2
  mount -t proc proc "$system/proc"
  mount -t sysfs -o ro sysfs "$system/sys" 2> /dev/null || true
  mount --rbind /dev "$system/dev"
  # Not to become the first process itself, which has no default for signals.
  chroot "$system" env -i "$@" bash -c "cd /root/daybook && deploy/dev/\$0.sh" "$command" < /dev/null
' bare "$system" "$command" "${variables[@]}" &
child=$!
wait "$child" || status=$?
child=
took=$((EPOCHSECONDS - began))
[ "$status" = 0 ] || fail "deploy/dev/$command.sh on a bare $wanted failed ($status) after $took s"
step "deploy/dev/$command.sh on a bare $wanted took $took s"

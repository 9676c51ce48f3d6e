# Debian systems of their own in a folder, without an engine for containers: what bare.sh and deploy/container/chroot.sh
# run in. Sourced by them after common.sh; they set `work`, a folder that goes when they end, and `keep`.
# shellcheck shell=bash

# Debian's minimum is made once a week and release.
system_cache=${DAYBOOK_BARE_CACHE:-/var/cache/daybook-bare}
system_child=
# A folder of this machine that systems have as their compilers' cache, if any.
system_ccache=

# The folder `work` goes with the script, however it ends, and with it all processes of the systems there.
remove_when_done() {
  trap finish EXIT
  trap 'exit 130' INT TERM HUP
}

finish() {
  # It takes no gentler signal: unshare ignores them while it waits.
  [ -z "$system_child" ] || { kill -KILL "$system_child" 2> /dev/null && wait "$system_child" 2> /dev/null; } || true
  # Whatever was mounted in it was so for its own processes alone.
  if [ -n "${keep:-}" ]; then step "kept: $work"; else rm -rf --one-file-system "$work"; fi
}

# archives RELEASE: "URI SUITE" of each of Debian's archives that this machine's apt uses, for a release.
archives() {
  local wanted=$1
  apt-get indextargets --format '$(ORIGIN) $(COMPONENT) $(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
    awk -v here="$release" -v wanted="$wanted" \
      '$1 == "Debian" && $2 == "main" && sub("^" here, wanted, $4) { print $3, $4 }' | sort --unique
}

make_minimum() {
  local wanted=$1 system=$2 mirror
  mirror=$(archives "$wanted" | awk -v wanted="$wanted" '$2 == wanted { print $1; exit }')
  [ -n "$mirror" ] || fail "apt has no archive of Debian here: run apt-get update"
  step "making Debian's minimum of $wanted"
  debootstrap --variant=minbase --include=git,ca-certificates "$wanted" "$system" "$mirror" > "$work/log" 2>&1 ||
    { tail -n 5 "$work/log" >&2; fail "debootstrap failed"; }
  rm -f "$system"/var/cache/apt/archives/*.deb
  mkdir -p "$system_cache"
  tar --create --file "$system_cache/$wanted.tar.new$$" --one-file-system --directory "$system" .
  mv "$system_cache/$wanted.tar.new$$" "$system_cache/$wanted.tar"
}

# What this machine needs to reach servers, the new one needs too.
copy_ways() {
  local wanted=$1 system=$2 uri suite
  archives "$wanted" | while read -r uri suite; do echo "deb $uri $suite main"; done > "$system/etc/apt/sources.list"
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
  cp "$HOME/.npmrc" "$system/root/" 2> /dev/null || true
  cp /etc/npmrc "$system/etc/" 2> /dev/null || true
}

# make_system RELEASE FOLDER: a Debian with nothing but git and ca-certificates beside its minimum.
make_system() {
  if [ -n "$(find "$system_cache/$1.tar" -mtime -7 2> /dev/null)" ]; then
    step "unpacking Debian's minimum of $1"
    mkdir "$2"
    tar --extract --file "$system_cache/$1.tar" --directory "$2"
  else
    make_minimum "$1" "$2"
  fi
  copy_ways "$1" "$2"
}

# in_system SYSTEM USER FOLDER COMMAND [VARIABLE=VALUE…]: runs a command of the shell in a folder of a system.
in_system() {
  local system=$1 user=$2 folder=$3 command=$4 name status=0
  # Variables that lead to servers, and ours, with this script's clock among them.
  local variables=("HOME=$(awk -F: -v user="$user" '$1 == user { print $6 }' "$system/etc/passwd")"
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" "TERM=${TERM:-dumb}")
  while read -r name; do
    variables+=("$name=${!name}")
  done < <(compgen -e | grep --extended-regexp --ignore-case '^((http|https|ftp|all|no)_proxy|MAVEN_.*|NPM_CONFIG_.*|NODE_EXTRA_CA_CERTS|JAVA_TOOL_OPTIONS|SCRIPTS_BEGAN|DAYBOOK_.*)$' |
    grep --invert-match '^DAYBOOK_BARE_CACHE$')
  variables+=("${@:5}")
  if [ -n "$system_ccache" ]; then
    mkdir -p "$system/ccache"
    variables+=("CCACHE_DIR=/ccache")
  fi
  # Mounts and processes of its own: they go with the first of these processes, whatever ends it.
  unshare --mount --propagation private --pid --fork --kill-child bash -c '
    set -e
    system=$1 user=$2 folder=$3 command=$4 ccache=$5
    shift 5
    # Its root is a mount, as that of a machine is: what makes namespaces of its own (ip -n) says how that is shared.
    mount --bind "$system" "$system"
    mount -t proc proc "$system/proc"
    mount -t sysfs -o ro sysfs "$system/sys" 2> /dev/null || true
    mount --rbind /dev "$system/dev"
    [ -z "$ccache" ] || mount --bind "$ccache" "$system/ccache"
    # Not to become the first process itself, which has no default for signals.
    chroot --userspec="$user" "$system" env -i "$@" sh -c "cd \"\$0\" && eval \"\$1\"" "$folder" "$command" < /dev/null
  ' bare "$system" "$user" "$folder" "$command" "$system_ccache" "${variables[@]}" &
  system_child=$!
  wait "$system_child" || status=$?
  system_child=
  return "$status"
}

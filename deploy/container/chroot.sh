#!/usr/bin/env bash
# Takes the steps of the Containerfile beside it without an engine for containers, each stage on a bare Debian in a
# folder (deploy/dev/system.sh), and tries what comes of it: the programs run as a user of their own, write to the
# volume, and nothing that builds is there.
#
#   chroot.sh [--build-arg NAME=VALUE]… [--keep]
#
# Needs root, on Debian 12 or 13. What is committed here is built. CCACHE_DIR, where it is set, is the compilers' cache
# in the build as well. Of the Containerfile's instructions it knows those that stand there, and fails on others.
set -euo pipefail

# shellcheck source=deploy/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../dev/common.sh"
# shellcheck source=deploy/dev/system.sh
source deploy/dev/system.sh

usage() {
  sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

declare -A arguments=() given=()
keep=
while [ $# -gt 0 ]; do
  case $1 in
    --build-arg) given[${2%%=*}]=${2#*=} && shift 2 ;;
    # shellcheck disable=SC2034  # For system.sh.
    --keep) keep=yes && shift ;;
    *) usage ;;
  esac
done
[ "$(id -u)" = 0 ] || fail "needs root: it makes systems of its own, and runs in them"
ensure_packages debootstrap git util-linux

work=$(mktemp -d "${TMPDIR:-/var/tmp}/daybook-container-XXXXXX")
remove_when_done
[ -z "$(git status --porcelain)" ] || step "what is not committed here is not in it"
mkdir "$work/context"
git archive HEAD | tar --extract --directory "$work/context"

# What the build arguments are called in an instruction, filled in.
filled() {
  local text=$1 name
  for name in "${!arguments[@]}"; do
    text=${text//"\${$name}"/${arguments[$name]}}
  done
  echo "$text"
}

# shellcheck disable=SC2034  # For system.sh.
system_ccache=${CCACHE_DIR:-}
stages=0
system= user=root folder=/ command=()
from() {
  local image=$1 as=${3:-$stages}
  [[ $image =~ ^docker.io/library/debian:([a-z]+)-slim$ ]] || fail "not a Debian that can be made here: $image"
  stages=$((stages + 1))
  system=$work/$as user=root folder=/
  make_system "${BASH_REMATCH[1]}" "$system"
}

copy() {
  local source=$work/context words=("$@")
  if [[ ${words[0]} = --from=* ]]; then
    source=$work/${words[0]#--from=}
    words=("${words[@]:1}")
  fi
  local from=$source/${words[0]#/} to=$system${words[1]}
  # A folder's content, or a file.
  if [ -d "$from" ]; then
    mkdir -p "$to"
    cp -a "$from/." "$to/"
  else
    mkdir -p "$(dirname "$to")"
    cp -a "$from" "$to"
  fi
}

run() {
  local name variables=()
  for name in "${!arguments[@]}"; do variables+=("$name=${arguments[$name]}"); done
  in_system "$system" "$user" "$folder" "$1" "${variables[@]}" || fail "failed: RUN $1"
}

instruction() {
  local name=$1 rest
  rest=$(filled "$2")
  step "$name $(head -n 1 <<< "$rest")"
  # shellcheck disable=SC2086  # Words.
  case $name in
    ARG) arguments[${rest%%=*}]=${given[${rest%%=*}]:-${rest#*=}} ;;
    FROM) from $rest ;;
    COPY) copy $rest ;;
    WORKDIR) folder=$rest && mkdir -p "$system$folder" ;;
    # As it stands: the shell fills in its own.
    RUN) run "$2" ;;
    USER) user=$rest ;;
    VOLUME | EXPOSE) ;;
    CMD) mapfile -t command < <(grep --only-matching '"[^"]*"' <<< "$rest" | tr -d '"') ;;
    *) fail "not known here: $name" ;;
  esac
}

pending=
while IFS= read -r line || [ -n "$line" ]; do
  case $pending$line in '' | '#'*) continue ;; esac
  if [[ $line = *\\ ]]; then
    pending+=${line%\\}
    continue
  fi
  line=$pending$line pending=
  instruction "${line%% *}" "${line#* }"
done < deploy/container/Containerfile

# What came of the last stage, as whoever runs it finds it.
step "trying it as $user"
[ "$user" != root ] || fail "the programs would run as root"
for tool in cc c++ gcc g++ cmake make ninja ld protoc ccache; do
  ! in_system "$system" root / "command -v $tool" > /dev/null || fail "$tool is in the last stage"
done
run "${command[*]}" > "$work/help"
grep --quiet '^Usage: daybook' "$work/help" || fail "${command[*]} says $(head -n 3 "$work/help")"
for program in daybook daybook-gateway daybook-projector daybook-query; do
  run "$program --version" > "$work/version"
  step "$program $(cat "$work/version")"
done
run "daybook generate --orders 50 --data data > /dev/null"
# Ended in good order after that time, it has folded them.
run "timeout --preserve-status 5 daybook up --data data --listen 127.0.0.1:0"
run "daybook verify --data data"
step "packages of the last stage: $(wc -l < "$system/usr/share/daybook/packages") libraries; $(du --summarize --human-readable --exclude="$system/ccache" "$system" | cut --fields=1) in all"

#!/usr/bin/env bash
# Formats the C++ sources as .clang-format says; with --check, changes nothing, and tells what is not formatted so.
set -euo pipefail

# shellcheck source=deploy/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case ${1:-} in
  '') as=(-i) ;;
  --check) as=(--dry-run --Werror) ;;
  *) fail "usage: deploy/dev/format.sh [--check]" ;;
esac
ensure_packages clang-format-19
git ls-files --cached --others --exclude-standard -z '*.cc' '*.h' | xargs --null --max-args=50 --max-procs="$(nproc)" clang-format-19 "${as[@]}"

#!/usr/bin/env bash
# Every test that docs/guarantees.md names exists: `theme: name` is a scenario, `Suite.Name` a unit test.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
missing=0
complain() {
  echo "docs/guarantees.md: there is no $1" >&2
  missing=1
}
while read -r name; do
  case $name in
    *": "*) grep -qxF "## ${name#*: }" "scenarios/${name%%: *}.txt" 2>/dev/null || complain "scenario '$name'" ;;
    *) grep -qE "(TEST|TEST_F|RC_GTEST_PROP)\(${name%.*}, *${name#*.}[,)]" unit/*.cc integration/*.cc || complain "test $name" ;;
  esac
done < <(grep '^|' ../docs/guarantees.md | grep -oE '`([a-z_]+: [^`]+|[A-Z][A-Za-z]+\.[A-Z][A-Za-z0-9]+)`' | tr -d '`' | sort -u)
exit $missing

#!/usr/bin/env bash
# One command for all tests, from a bare Debian 12 or 13: installs what is missing, builds, and runs the
# tests (those of Kafka against a real broker), the core of them with sanitizers looking on, and the comparison with
# the oracle.
#
# DAYBOOK_SEEDS are the histories to compare (1..200).
set -euo pipefail

# shellcheck source=deploy/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# No setting of the programs, which would say so.
export -n DAYBOOK_SEEDS
ensure_packages "${build_packages[@]}" "${rocksdb_packages[@]}" "${kafka_packages[@]}" "${test_packages[@]}"
own_rocksdb
build all
step "fetching the Kafka broker's jars, unless they are there"
deploy/kafka/kafka.sh fetch
step "tests"
ctest --preset release
for sanitizer in asan tsan; do
  step "the core of the tests under a sanitizer: $sanitizer"
  cmake --preset $sanitizer --log-level=WARNING > /dev/null
  cmake --build --preset $sanitizer-core
  ctest --preset $sanitizer-core
done
step "the oracle's own tests"
(cd tests/oracle && python3 -m unittest)
step "histories compared with the oracle"
python3 tests/oracle/compare.py --daybook "$daybook" --seeds "${DAYBOOK_SEEDS:-1..200}" --events 500 --jobs 2
step "a realistic history of 100,000 events compared with the oracle"
python3 tests/oracle/compare.py --daybook "$daybook" --realistic --events 100000 --seeds 1..1 --dates 1
step "all passed"

#!/usr/bin/env bash
# broker_kills.sh [KILLS [LOAD]]: kills a Kafka broker KILLS times (50) while a reader is behind it, on a
# machine that is made busy: LOAD processes that only count (ten a processor). Every call into the log has
# a deadline; the first that misses it ends the run and is named. Ends by itself: two minutes a kill are
# allowed, five seconds are usual on an idle machine.
#
# DAYBOOK_KAFKA_TEST is the program (build/release/bin/kafka_log_test).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

kills=${1:-50}
load=${2:-$(($(nproc) * 10))}
program=${DAYBOOK_KAFKA_TEST:-build/release/bin/kafka_log_test}
limit=$((kills * 120))

deploy/kafka/kafka.sh fetch
busy=()
finish() {
  [ ${#busy[@]} = 0 ] || kill "${busy[@]}" 2> /dev/null || true
}
trap finish EXIT
trap 'exit 130' INT TERM
for _ in $(seq "$load"); do
  timeout "$limit" sh -c 'while :; do :; done' &
  busy+=($!)
done
DAYBOOK_TEST_KILLS=$kills timeout "$limit" "$program" --gtest_filter='*EveryCallReturnsInTime*'

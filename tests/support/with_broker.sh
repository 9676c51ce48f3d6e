#!/usr/bin/env bash
# with_broker.sh DIR COMMAND …: runs a test with the address of the broker that serves on DIR.
set -euo pipefail
DAYBOOK_TEST_BROKERS=$("$(dirname "$0")/../../deploy/kafka/kafka.sh" wait "$1")
export DAYBOOK_TEST_BROKERS
exec "${@:2}"

#!/usr/bin/env bash
# fresh_broker.sh DIR: starts a broker on DIR without the data of an earlier run.
set -euo pipefail
kafka=$(dirname "$0")/../../deploy/kafka/kafka.sh
"$kafka" stop "$1"
rm -rf "$1"
"$kafka" start "$1"

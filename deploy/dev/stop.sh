#!/usr/bin/env bash
# Ends the server that run.sh started, in good order. DAYBOOK_DATA is its folder (./daybook-data).
set -euo pipefail

# shellcheck source=deploy/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

pid=$(server_pid) || { echo "not running"; exit; }
kill "$pid"
for _ in $(seq 300); do
  [ -e "/proc/$pid" ] || { rm -f "$pid_file"; echo "stopped"; exit; }
  sleep 0.1
done
fail "$pid does not end"

#!/usr/bin/env bash
# Ends the servers that run.sh started, in good order. DAYBOOK_DATA is their folder (./daybook-data).
set -euo pipefail

# shellcheck source=deploy/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=deploy/dev/servers.sh
source deploy/dev/servers.sh

said=
for folder in "$data" "$data/generated"; do
  pid=$(server_pid "$folder") || continue
  stop_server "$folder" || fail "$pid does not end"
  said=stopped
done
echo "${said:-not running}"

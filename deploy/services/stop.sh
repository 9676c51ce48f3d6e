#!/usr/bin/env bash
# Ends what run.sh started, in good order: those who ask first, the broker last. What they keep stays in
# DAYBOOK_SERVICES_DATA (./daybook-services), for the next start; the folder may be removed when all have ended.
set -euo pipefail

# shellcheck source=deploy/services/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

said=
for ((number = ${#servers[@]} - 1; number >= 0; --number)); do
  folder=$services/${servers[number]}
  pid=$(server_pid "$folder") || continue
  stop_server "$folder" || fail "${servers[number]} ($pid) does not end"
  said=stopped
done
if "$kafka" pid "$services/kafka" > /dev/null; then
  "$kafka" stop "$services/kafka"
  said=stopped
fi
echo "${said:-not running}"

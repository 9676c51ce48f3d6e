# What run.sh and stop.sh beside it share; sourced by them.
# shellcheck shell=bash

# shellcheck source=deploy/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../dev/common.sh"
# shellcheck source=deploy/dev/servers.sh
source deploy/dev/servers.sh

# The folder of all of them.
services=$(realpath -m "${DAYBOOK_SERVICES_DATA:-$root/daybook-services}")
# No settings of the programs, which would say so.
export -n DAYBOOK_SERVICES_DATA DAYBOOK_SERVICES_QUERY DAYBOOK_SERVICES_GATEWAY
# In the order in which they are started; each has its folder there.
# shellcheck disable=SC2034  # For the scripts.
servers=(gateway projector-1 projector-2 query)
kafka=deploy/kafka/kafka.sh

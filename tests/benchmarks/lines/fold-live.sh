# shellcheck shell=bash disable=SC2154
# The same on a log that was written live: 20,000 events/s in small batches.
start_broker
measure "$bench" fold-live --brokers "$broker_address" --orders "$(orders_or 40000)"

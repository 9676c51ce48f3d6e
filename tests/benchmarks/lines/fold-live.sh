# shellcheck shell=bash
# The same on a log that was written live: 20,000 events/s in small batches.
start_broker
"$bench" fold-live --brokers "$broker_address" --orders "$(orders_or 40000)"

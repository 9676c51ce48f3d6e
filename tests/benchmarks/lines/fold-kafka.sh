# shellcheck shell=bash disable=SC2154
# Consuming, decoding, folding and committing from Kafka, beside a bare librdkafka consumer.
start_broker
measure "$bench" fold-kafka --brokers "$broker_address" --orders "$(orders_or 100000)"

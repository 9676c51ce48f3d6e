# shellcheck shell=bash disable=SC2154
# Folding from the embedded log, beside decoding alone.
measure "$bench" fold-embedded --orders "$(orders_or 100000)"

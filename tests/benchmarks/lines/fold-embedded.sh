# shellcheck shell=bash
# Folding from the embedded log, beside decoding alone.
"$bench" fold-embedded --orders "$(orders_or 100000)"

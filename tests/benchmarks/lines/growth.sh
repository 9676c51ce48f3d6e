# shellcheck shell=bash disable=SC2154
# The rate of folding 20 M events beside that of 1 M: about ten minutes and 20 GB of disk.
measure "$bench" growth --orders "$(orders_or 125000)"

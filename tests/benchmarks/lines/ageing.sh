# shellcheck shell=bash disable=SC2154
# Questions at a past date, in histories of two lengths: the answer's cost does not follow the history.
for orders in ${DAYBOOK_BENCH_ORDERS:-100000 1000000}; do
  measure "$bench" ageing --orders "$orders" --runs 30 > "$work/ageing"
  cat "$work/ageing"
  python3 "$here/../ageing_figures.py" "$orders" < "$work/ageing" >> "${DAYBOOK_BENCH_RESULTS:-/dev/null}"
done

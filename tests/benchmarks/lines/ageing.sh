# shellcheck shell=bash
# Questions at a past date, in histories of two lengths: the answer's cost does not follow the history.
for orders in ${DAYBOOK_BENCH_ORDERS:-100000 1000000}; do
  "$bench" ageing --orders "$orders" | tee "$work/ageing"
  python3 "$here/../ageing_figures.py" "$orders" < "$work/ageing" >> "${DAYBOOK_BENCH_RESULTS:-/dev/null}"
done

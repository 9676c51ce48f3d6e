# shellcheck shell=bash disable=SC2154
# From the start of a server that was killed while events arrived to its being ready with a first answer.
orders=$(orders_or 100000)
"$daybook" generate --from 2020-01-01 --orders "$orders" --customers "$(customers_for "$orders")" \
  --data "$work/data" > /dev/null
start_server --data "$work/data"
wait_ready
milliseconds=()
for _ in 1 2 3; do
  start_feed --seconds 5
  sleep 3
  kill -9 "$server"
  wait "$server" 2> /dev/null || true
  end_feed || true  # Its server is gone.
  began=${EPOCHREALTIME/./}
  start_server --data "$work/data"
  wait_ready 0.005
  curl -fsS "$url/v1/receivables/ageing?group_by=none" > "$work/answer"
  milliseconds+=($(((${EPOCHREALTIME/./} - began) / 1000)))
  grep -q '"gross_open"' "$work/answer" || fail "no answer"
done
echo "state, MiB                    $(du -sm "$work/data/shards" | cut -f1)"
echo "ready and answered, ms        ${milliseconds[*]}"
record restart "$(IFS=,; echo "${milliseconds[*]}")"
stop_server

# shellcheck shell=bash disable=SC2154
# Point reads over HTTP at 64 connections, beside the same server's /healthz, while events arrive: without a
# pause (a closed loop: the processors are full, and most of an answer's time is the queue of the 64), and
# at a steady rate that leaves them room. Publishing, folding and `wrk` or `steady` share two cores: events
# alone take two fifths of both, and 2,000 pages a second with their client a quarter more.
rate=20000
pages=2000
runs=3
seconds=2
orders=$(orders_or 20000)
"$daybook" generate --orders "$orders" --customers 1000 > "$work/history"
"$daybook" publish "$work/history" --data "$work/data" > /dev/null
# Every document by its own account: the events that arrive have the same ids on others.
ids() { sed -n "s|.*\"customer_id\":\"\([^\"]*\)\".*\"$1\":{\"$2\":\"\([^\"]*\)\".*|/v1/$3/\2?customer_id=\1|p" "$work/history"; }
ids order_placed order_id orders > "$work/orders"
ids invoice_issued invoice_id invoices > "$work/invoices"
sed -n 's|.*"customer_id":"\([^"]*\)".*"customer_profile_set".*|/v1/customers/\1|p' "$work/history" | sort -u > "$work/customers"
kinds=(customers invoices orders)
for kind in "${kinds[@]}"; do
  [ -s "$work/$kind" ] || fail "the history has no $kind"
  cat > "$work/$kind.lua" <<LUA
local targets = {}
for line in io.lines("$work/$kind") do targets[#targets + 1] = line end
request = function() return wrk.format("GET", targets[math.random(#targets)]) end
LUA
done
start_server --data "$work/data"
wait_ready

start_feed --rate "$rate" --seconds $((runs * seconds * 8 + 6))

# "rate p99_ms": wrk says 950.00us, 3.21ms or 1.02s. Answers other than 200 spoil it.
wrk_figures() {
  wrk -t1 -c64 -d"${seconds}s" --latency "$@" > "$work/wrk"
  ! grep -E 'Non-2xx|Socket errors' "$work/wrk" >&2 || fail "wrk had answers that are no answers"
  awk '/99%/ { p = $2; p99 = p + 0; if (p ~ /us$/) p99 /= 1000; else if (p !~ /ms$/) p99 *= 1000 }
       /Requests\/sec/ { print $2, p99 }' "$work/wrk"
}
# "p99_ms": each answer counts from when its question was due, so that falling behind shows.
steady_figures() {
  "$bench" steady --url "$url" --rate "$pages" --connections 64 --seconds "$seconds" --targets "$1" > "$work/steady" ||
    fail "steady has no figures"
  awk '{ print $3 }' "$work/steady"
}
echo /healthz > "$work/healthz"
declare -A reached p99 steady ratio
for _ in $(seq "$runs"); do
  for kind in healthz "${kinds[@]}"; do
    if [ "$kind" = healthz ]; then
      read -r rate_now p99_now <<< "$(wrk_figures "$url/healthz")"
      reference=$rate_now
    else
      read -r rate_now p99_now <<< "$(wrk_figures -s "$work/$kind.lua" "$url")"
    fi
    [ -n "$p99_now" ] || fail "wrk has no figures"
    reached[$kind]+="${reached[$kind]:+, }$rate_now"
    p99[$kind]+="${p99[$kind]:+, }$p99_now"
    steady_now=$(steady_figures "$work/$kind")
    steady[$kind]+="${steady[$kind]:+, }$steady_now"
    ratio[$kind]+="${ratio[$kind]:+, }$(awk "BEGIN { print $rate_now / $reference }")"
  done
done
end_feed || fail "the feed failed: $(cat "$work/feed")"
for kind in healthz "${kinds[@]}"; do
  printf '%-28s  %s   p99 ms %s   at %s/s %s\n' "$kind, requests/s" "${reached[$kind]}" "${p99[$kind]}" \
    "$pages" "${steady[$kind]}"
done
grep fed "$work/feed"
awk -v want=$rate '/^fed/ { exit $3 < 0.95 * want }' "$work/feed" || fail "events did not arrive at $rate/s"
for kind in "${kinds[@]}"; do
  record "reads-$kind" "${reached[$kind]}" "${reached[healthz]}" "${ratio[$kind]}"
  record "reads-$kind-p99" "${p99[$kind]}"
  record "reads-$kind-steady-p99" "${steady[$kind]}"
done
stop_server
